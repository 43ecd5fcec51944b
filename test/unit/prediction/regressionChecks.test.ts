import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import type { Target } from '../../../src/core/target';
import { compareJson } from '../../../src/pipeline/compareJson';
import {
  defaultTolerance,
  formatChecks,
  readChecks,
  runChecks,
  saveCheck,
  type CheckResult,
  type RegressionCheck,
} from '../../../src/pipeline/regressionChecks';

describe('compareJson', () => {
  const exact = { absolute: 0, relative: 0 };
  const paths = (expected: unknown, actual: unknown, tolerance = defaultTolerance): readonly string[] =>
    compareJson(expected, actual, tolerance).map((one) => one.path);

  it('lets numbers differ within the tolerance only', () => {
    assert.deepEqual(paths([1, 1e9, 0], [1 + 5e-7, 1e9 + 500, 5e-10]), []);
    assert.deepEqual(paths([1, 1e9, 0], [1 + 5e-6, 1e9 + 5000, 5e-9]), ['[0]', '[1]', '[2]']);
    assert.deepEqual(paths(1, 1 + Number.EPSILON, exact), ['']);
    assert.deepEqual(paths(-100, -101, { absolute: 0.5, relative: 0.005 }), []);
  });

  it('is strict about types, lengths and names', () => {
    assert.deepEqual(paths({ a: 1, b: [true, '1'] }, { a: '1', b: [1, '1', 2], c: null }), ['a', 'b[0]', 'b[2]', 'c']);
    assert.deepEqual(paths(null, {}), ['']);
    assert.deepEqual(paths([], {}), ['']);
    assert.deepEqual(paths({ a: null }, {}), ['a']);
  });

  it('stops at the limit', () => {
    assert.equal(
      compareJson(
        Array.from({ length: 1000 }, () => 1),
        [],
        exact,
        5,
      ).length,
      5,
    );
  });
});

const never = new AbortController().signal;
const check = (request: unknown, expected: unknown): RegressionCheck => ({
  schema: 1,
  model: 'iris',
  request,
  expected,
  tolerance: defaultTolerance,
});

let project: string;
beforeEach(async () => {
  project = await mkdtemp(path.join(tmpdir(), 'slipway-checks-'));
});
afterEach(async () => {
  await rm(project, { recursive: true, force: true });
});

describe('checks of a project', () => {
  it('are written once, read back by name and kept apart by model', async () => {
    const file = await saveCheck(project, 'b', check({ inputs: [1] }, [0.1]));
    await saveCheck(project, 'a', check({ inputs: [2] }, ['x']));
    await saveCheck(project, 'other', { ...check(1, 1), model: 'other' });
    assert.equal(file, path.join(project, 'checks', 'b.json'));
    assert.deepEqual(
      (await readChecks(project, 'iris')).map((one) => one.name),
      ['a', 'b'],
    );
    assert.deepEqual((await readChecks(project, 'iris'))[1]?.check, check({ inputs: [1] }, [0.1]));
    await assert.rejects(saveCheck(project, 'b', check(1, 1)), { code: 'CheckExists' });
    assert.match(await readFile(file, 'utf8'), /0\.1/);
    assert.deepEqual(await readChecks(path.join(project, 'none'), 'iris'), []);
  });

  it('of a wrong form are an error that names the file; a tolerance may be left out in part', async () => {
    await mkdir(path.join(project, 'checks'));
    const file = path.join(project, 'checks', 'x.json');
    for (const text of [
      '{',
      '[]',
      '{"schema":2,"model":"iris","request":1,"expected":1}',
      '{"schema":1,"model":"iris","request":1}',
      '{"schema":1,"model":"iris","request":1,"expected":1,"tolerance":{"absolute":-1}}',
    ]) {
      await writeFile(file, text);
      await assert.rejects(readChecks(project, 'iris'), { code: 'CheckInvalid', location: { file } });
    }
    await writeFile(file, '{"schema":1,"model":"iris","request":1,"expected":1,"tolerance":{"absolute":0.5}}');
    assert.deepEqual((await readChecks(project, 'iris'))[0]?.check.tolerance, { ...defaultTolerance, absolute: 0.5 });
  });
});

describe('runChecks', () => {
  let server: Server;
  before(async () => {
    // Doubles its instances and refuses anything else: stands in for a model, so that the comparison is what is tested.
    server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        const { instances } = JSON.parse(body) as { readonly instances?: readonly number[] };
        response.statusCode = instances === undefined ? 400 : 200;
        response.end(
          JSON.stringify(
            instances === undefined
              ? { error: 'instances are missing' }
              : { predictions: instances.map((one) => one * 2) },
          ),
        );
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it('compares every answer and goes on after a failure', async () => {
    const endpoint = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
    const target = {
      displayName: 'here',
      models: () => Promise.resolve([{ name: 'iris', endpoint }]),
    } as unknown as Target;
    const named = (
      name: string,
      request: unknown,
      expected: unknown,
    ): { name: string; file: string; check: RegressionCheck } => ({
      name,
      file: name,
      check: check(request, expected),
    });
    const results: CheckResult[] = [];
    const checks = [
      named('good', { instances: [1, 2] }, [2, 4.000000001]),
      named('refused', {}, []),
      named('drifted', { instances: [1, 2] }, [2, 5]),
    ];
    for await (const result of runChecks(target, 'iris', checks, never)) results.push(result);
    assert.deepEqual(
      results.map((one) => one.passed),
      [true, false, false],
    );
    assert.deepEqual(results[2]?.differences, [{ path: '[1]', expected: 5, actual: 4 }]);
    const text = formatChecks(
      'iris',
      results.map((one) => ({ ...one, ms: one.ms === undefined ? undefined : 1 })),
    );
    assert.equal(
      text,
      'Regression checks of iris: 1 passed, 2 failed\npassed  good  (1 ms)\nFAILED  refused\n        iris answered 400: instances are missing\nFAILED  drifted  (1 ms)\n        [1]: expected 5, got 4',
    );
  });
});
