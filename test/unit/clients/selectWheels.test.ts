import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { askIndex, selectWheels, type WheelRequest } from '../../../src/clients/python/selectWheels';
import type { Uv } from '../../../src/clients/python/uv';
import { UserError } from '../../../src/core/errors';
import { failure } from '../../support/failure';

const never = new AbortController().signal;
const interpreters = ['3.12', '3.11'].map((minor) => ({
  path: `/usr/bin/python${minor}`,
  version: `${minor}.7`,
  minor,
  hasPip: true,
}));
const hash = 'a'.repeat(64);
const pylock = `lock-version = "1.0"
[[packages]]
name = "numpy"
version = "2.4.6"
wheels = [{ url = "https://index.example/numpy-2.4.6-cp311.whl", size = 7, hashes = { sha256 = "${hash}" } }]
`;
const request: WheelRequest = {
  subject: 'the packages of this project',
  requirements: `numpy==2.4.6 \\\n    --hash=sha256:${hash}\n`,
  dependencies: false,
  target: { minor: '3.11', architecture: 'amd64', glibc: [2, 36] },
};
const remedy = { kind: 'hint', label: 'Check the network.' } as const;
const noRoute = new UserError('IndexUnreachable', 'no route', { remedy });
const notKept = new UserError('DependenciesUnsolvable', 'numpy was not found in the cache');

/** Answers each run in turn with a lock or a failure. */
function uvWith(...answers: readonly (string | UserError)[]): {
  readonly uv: Uv;
  readonly runs: (readonly string[])[];
} {
  const runs: (readonly string[])[] = [];
  const uv: Uv = {
    interpreters,
    version: '0',
    indexes: () => Promise.resolve({ main: undefined, extra: [] }),
    run: async (args) => {
      runs.push(args);
      const answer = answers[runs.length - 1] ?? new Error('asked too often');
      if (answer instanceof Error) throw answer;
      await writeFile(args[args.indexOf('-o') + 1] ?? '', answer);
      return { exitCode: 0, stdout: '', stderr: '' };
    },
  };
  return { uv, runs };
}

describe('selectWheels', () => {
  let cache: string;
  beforeEach(async () => {
    cache = await mkdtemp(path.join(tmpdir(), 'slipway-wheels-'));
  });
  afterEach(() => rm(cache, { recursive: true, force: true }));

  it('does not ask the index for what uv has kept of it, and nothing at all for what was chosen before', async () => {
    const { uv, runs } = uvWith(pylock);
    const [wheel] = await selectWheels(uv, cache, { ...request, keptAnswers: true }, never);
    assert.deepEqual([wheel?.distribution, wheel?.version, wheel?.sha256], ['numpy', '2.4.6', hash]);
    await selectWheels(uv, cache, { ...request, keptAnswers: true }, never);
    assert.equal(runs.length, 1);
    assert.ok(runs[0]?.includes('--offline'));
  });

  it('asks the index where that is not enough, and tells what it then says', async () => {
    const { uv, runs } = uvWith(notKept, pylock);
    assert.equal((await selectWheels(uv, cache, { ...request, keptAnswers: true }, never)).length, 1);
    assert.deepEqual(
      runs.map((args) => args.includes('--offline')),
      [true, false],
    );
    const unreachable = uvWith(notKept, noRoute);
    const other = { ...request, requirements: 'pandas==3.0', keptAnswers: true };
    await failure(selectWheels(unreachable.uv, cache, other, never), 'IndexUnreachable', /no route/);
  });

  it('does not go on when it was cancelled meanwhile', async () => {
    const controller = new AbortController();
    const { uv, runs } = uvWith(notKept, pylock);
    const cancelling: Uv = { ...uv, run: (...args) => (controller.abort(), uv.run(...args)) };
    const chosen = selectWheels(cancelling, cache, { ...request, keptAnswers: true }, controller.signal);
    await assert.rejects(chosen, { name: 'AbortError' });
    assert.equal(runs.length, 1);
  });

  it('asks the index by itself where the newest versions count', async () => {
    const { uv, runs } = uvWith(pylock);
    await selectWheels(uv, cache, request, never);
    assert.ok(!runs[0]?.includes('--offline'));
  });

  it('names the Python of the image, so that uv starts none to look for it, else any', async () => {
    const { uv, runs } = uvWith(pylock, pylock);
    await selectWheels(uv, cache, request, never);
    await selectWheels(uv, cache, { ...request, target: { ...request.target, minor: '3.10' } }, never);
    const named = runs.map((args) => args[args.indexOf('--python') + 1]);
    assert.deepEqual(named, ['/usr/bin/python3.11', '/usr/bin/python3.12']);
  });

  it('has the newest versions told once a day', async (context) => {
    context.mock.timers.enable({ apis: ['Date'], now: Date.UTC(2026, 10, 28, 12) });
    const { uv, runs } = uvWith(noRoute, pylock, pylock);
    await failure(askIndex(uv, cache, request, never), 'IndexUnreachable', /no route/);
    await askIndex(uv, cache, request, never);
    await askIndex(uv, cache, request, never);
    assert.equal(runs.length, 2);
    context.mock.timers.setTime(Date.UTC(2026, 10, 29, 1));
    await askIndex(uv, cache, request, never);
    assert.equal(runs.length, 3);
  });
});
