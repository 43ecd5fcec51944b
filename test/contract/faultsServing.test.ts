import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { failure } from '../support/failure';
import { notebookOf } from '../support/notebooks';
import { sendRaw, sendZeros, type RawAnswer } from '../support/rawRequest';
import { openWorkspace, type Workspace } from '../support/workspace';

/** Column sums of a matrix with two columns; NaN is a value that the model knows how to treat. */
const cells = [
  'import numpy as np',
  {
    id: 'predict',
    source:
      'def predict(x: np.ndarray) -> np.ndarray:\n    if x.shape[1] != 2:\n        raise ValueError(f"two columns are needed, not {x.shape[1]}")\n    return np.nansum(x, axis=1)',
  },
  { id: 'example', source: 'sample_input = np.array([[1.0, 2.0]], dtype=np.float32)', tags: ['example'] },
];

let workspace: Workspace;
let endpoint: string;
before(async () => {
  workspace = await openWorkspace({ target: 'local' });
  const folder = await workspace.writeProject('sums', {
    'requirements.txt': 'numpy==2.2.6\n',
    'nb.ipynb': notebookOf(...cells),
  });
  endpoint = (await workspace.deploy({ path: folder })).endpoint ?? '';
});
after(async () => {
  assert.deepEqual(await workspace.close(), [], 'processes outlived the removal of all models');
});

const infer = (): string => `${endpoint}/v2/models/sums/infer`;
const invocations = (): string => `${endpoint}/invocations`;
const tensor = (fields: Readonly<Record<string, unknown>>): string =>
  JSON.stringify({ inputs: [{ name: 'x', shape: [1, 2], datatype: 'FP32', data: [1, 2], ...fields }] });

/** The body `{"error": …}` with a text that tells what is wrong. */
function assertRefused(answer: RawAnswer, status: number, message: RegExp): void {
  assert.equal(answer.status, status, answer.text);
  const { error } = JSON.parse(answer.text) as { readonly error: string };
  assert.match(error, message);
}

describe('requests that are wrong', () => {
  it('NaN is no JSON', async () => {
    assertRefused(
      await sendRaw(infer(), '{"inputs":[{"name":"x","shape":[1,2],"datatype":"FP32","data":[1,NaN]}]}'),
      400,
      /NaN/,
    );
    assertRefused(await sendRaw(invocations(), '{"inputs": [[1, NaN]]}'), 400, /NaN/);
  });

  it('NaN travels in a binary tensor', async () => {
    const json = Buffer.from(
      JSON.stringify({ inputs: [{ name: 'x', shape: [1, 2], datatype: 'FP32', parameters: { binary_data_size: 8 } }] }),
    );
    const data = Buffer.alloc(8);
    data.writeFloatLE(5, 0);
    data.writeFloatLE(Number.NaN, 4);
    const answer = await sendRaw(infer(), Buffer.concat([json, data]), {
      'inference-header-content-length': String(json.length),
    });
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(
      (JSON.parse(answer.text) as { readonly outputs: readonly { readonly data: unknown }[] }).outputs[0]?.data,
      [5],
    );
  });

  it('a datatype that the model does not take', async () => {
    assertRefused(await sendRaw(infer(), tensor({ datatype: 'BYTES', data: ['a', 'b'] })), 400, /BYTES|FP32/);
    assertRefused(await sendRaw(infer(), tensor({ datatype: 'FLOAT' })), 400, /FLOAT/);
    assertRefused(await sendRaw(infer(), tensor({ data: ['one', 'two'] })), 400, /x/);
  });

  it('a shape that does not fit', async () => {
    assertRefused(await sendRaw(infer(), tensor({ shape: [2, 2] })), 400, /4|shape/);
    assertRefused(await sendRaw(infer(), tensor({ shape: [1, -2] })), 400, /shape/);
    const wide = await sendRaw(infer(), tensor({ shape: [1, 3], data: [1, 2, 3] }));
    assert.ok([400, 500].includes(wide.status), wide.text);
    assert.match(wide.text, /two columns are needed|\[-1,2\]|\[-1, 2\]/);
  });

  it('text that is no UTF-8', async () => {
    const body = Buffer.concat([Buffer.from('{"inputs": ["'), Buffer.from([0xff, 0xfe, 0x80]), Buffer.from('"]}')]);
    assertRefused(await sendRaw(infer(), body), 400, /UTF-8/);
    assertRefused(await sendRaw(invocations(), body), 400, /UTF-8/);
  });

  it('text that is no JSON, and JSON that is no request', async () => {
    for (const body of ['', '{', '[]', '{}', '{"inputs": []}', '{"inputs": 3}'])
      assertRefused(await sendRaw(infer(), body), 400, /./);
    for (const body of ['', '{', '[]', '{}']) assertRefused(await sendRaw(invocations(), body), 400, /./);
  });

  it('a body of one gigabyte, whether its size is told or not', async () => {
    const gigabyte = 1024 ** 3;
    for (const tellSize of [true, false])
      assertRefused(await sendZeros(invocations(), gigabyte, tellSize), 413, /larger than \d+ bytes/);
    const peak = (await workspace.model('sums'))?.workers[0]?.memory;
    assert.ok(peak === undefined || peak < gigabyte, `the worker holds ${String(peak)} bytes`);
  });

  it('leaves the model answering', async () => {
    assert.deepEqual(await workspace.predict('sums', { inputs: [[1, 2]] }), [3]);
    assert.equal((await workspace.model('sums'))?.workers[0]?.restarts, 0);
  });

  it('is told to whoever predicts from the command or the editor', async () => {
    const { predict } = await import('../../src/pipeline/predict');
    const target = await workspace.target();
    await failure(
      predict(target, 'sums', '{"inputs": [[1, 2, 3]]}', workspace.signal),
      'PredictionFailed',
      /two columns|shape|\[-1/,
    );
    await failure(predict(target, 'nobody', '{}', workspace.signal), 'ModelNotFound', /nobody/);
  });
});
