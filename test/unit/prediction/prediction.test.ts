import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { outputTable } from '../../../src/editor/prediction/outputTable';
import { responseText } from '../../../src/editor/prediction/responseText';
import { exampleIn, requestExample } from '../../../src/pipeline/requestExample';

const never = new AbortController().signal;

describe('outputTable', () => {
  it('shows records, lists, plain values and columns as rows', () => {
    assert.deepEqual(outputTable([{ species: 'setosa', p: 0.5 }, { species: 'virginica' }]), [
      '   species    p',
      '0  setosa     0.5',
      '1  virginica',
    ]);
    assert.deepEqual(
      outputTable([
        [1, 2],
        [3, 4],
      ]),
      ['   0  1', '0  1  2', '1  3  4'],
    );
    assert.deepEqual(outputTable(['a', null, true]), ['   prediction', '0  a', '1  null', '2  true']);
    assert.deepEqual(outputTable({ label: ['x', 'y'], score: [1, 2] }), [
      '   label  score',
      '0  x      1',
      '1  y      2',
    ]);
  });

  it('leaves alone what has no rows', () => {
    for (const value of [3, 'text', null, [], {}, { a: 1 }, { a: [1], b: [1, 2] }, [[1], { a: 1 }], [[]]])
      assert.equal(outputTable(value), undefined, JSON.stringify(value));
  });

  it('is bounded and inert', () => {
    const table = outputTable(Array.from({ length: 1000 }, () => '\u001b[2Jx\ny'.padEnd(500, 'z'))) ?? assert.fail();
    assert.equal(table.length, 52);
    assert.equal(table.at(-1), '… 950 more rows');
    assert.match(table[1] ?? '', /^0 {3}x\\x0ayz+…$/);
  });
});

describe('responseText', () => {
  const common = { model: 'iris', version: 3, notebook: 'iris.ipynb', at: '2026-01-01T00:00:00.000Z' } as const;

  it('shows latency, rows and the whole answer, which stays JSON below the comments', () => {
    const text = responseText({ ...common, outcome: { kind: 'answer', answer: { predictions: ['setosa'] }, ms: 4.1 } });
    assert.equal(
      text,
      '// iris v3 answered in 4.1 ms (2026-01-01T00:00:00.000Z)\n//\n//    prediction\n// 0  setosa\n\n{\n  "predictions": [\n    "setosa"\n  ]\n}\n',
    );
    assert.deepEqual(JSON.parse(text.replace(/^\/\/.*$/gm, '')), { predictions: ['setosa'] });
  });

  it('shows why there is none, with a frame that links to the cell', () => {
    const body = JSON.stringify({ error: 'ValueError: bad\u001b[0m\nline', cell: 'c1', line: 4 });
    const text = responseText({
      ...common,
      outcome: { kind: 'failure', message: 'iris answered 500: ValueError: bad\nmore */ text', body },
    });
    assert.match(text, /^\/\/ iris v3 gave no prediction/);
    assert.match(text, /^\/\/ more \*\/ text$/m);
    assert.match(text, /^\/\/ {3}File "iris\.ipynb#c1", line 4$/m);
    assert.deepEqual(JSON.parse(text.replace(/^\/\/.*$/gm, '')), JSON.parse(body));
  });

  it('shows a failure without an answer', () => {
    const text = responseText({
      ...common,
      version: undefined,
      outcome: { kind: 'failure', message: 'iris does not answer: it is Stopped.', body: undefined },
    });
    assert.equal(
      text,
      '// iris gave no prediction (2026-01-01T00:00:00.000Z)\n//\n// iris does not answer: it is Stopped.\n',
    );
  });
});

describe('requestExample', () => {
  async function ask(answers: Readonly<Record<string, unknown>>): Promise<unknown> {
    const server = createServer((request, response) => {
      const body = answers[request.url ?? ''];
      response.statusCode = body === undefined ? 404 : 200;
      response.end(typeof body === 'string' ? body : JSON.stringify(body ?? {}));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
      return await requestExample({ url, headers: {} }, 'iris', never);
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }
  const openApi = (content: unknown): unknown => ({
    paths: { '/invocations': { post: { requestBody: { content: { 'application/json': content } } } } },
  });

  it('takes the example that the model was verified with', async () => {
    assert.deepEqual(await ask({ '/openapi.json': openApi({ example: { inputs: [1] } }) }), {
      body: { inputs: [1] },
      from: 'example',
    });
    assert.deepEqual(exampleIn(openApi({ examples: { first: { value: 3 } } }) as never), 3);
  });

  it('makes one of the names and types of the metadata', async () => {
    const inputs = [
      { name: 'x', datatype: 'FP64', shape: [-1, 2] },
      { name: 'text', datatype: 'BYTES', shape: [-1] },
      { name: 'flag', datatype: 'BOOL', shape: [] },
      'odd',
    ];
    const made = await ask({ '/openapi.json': openApi({}), '/v2/models/iris': { inputs } });
    assert.deepEqual(made, { body: { inputs: { x: [[0, 0]], text: ['text'], flag: false } }, from: 'signature' });
  });

  it("says so when a user's own app tells nothing", async () => {
    assert.deepEqual(await ask({ '/openapi.json': '<html>' }), { body: { inputs: [] }, from: 'nothing' });
  });
});
