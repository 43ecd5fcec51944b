import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Threads } from '../../../src/clients/process/threads';
import { failure } from '../../support/failure';

const never = new AbortController().signal;
const module = path.join(import.meta.dirname, '../../../src/clients/process/threads.ts');

/** Answers with its request and its thread's number, after `ms`; it can fail and it can end. */
const program = `
import { threadId } from 'node:worker_threads';
import { serveRequests } from ${JSON.stringify(module)};
serveRequests(async ({ ms = 0, fail, exit, word }) => {
  if (exit) process.exit(3);
  if (fail) throw Object.assign(new Error('it cannot'), { name: 'UserError', code: 'Broken', remedy: { kind: 'hint', label: 'Mend it.' } });
  if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
  return { word, threadId };
});
`;

interface Request {
  readonly word?: string;
  readonly ms?: number;
  readonly fail?: boolean;
  readonly exit?: boolean;
}

interface Result {
  readonly word?: string;
  readonly threadId: number;
}

describe('threads', () => {
  let folder: string;
  let file: string;
  let threads: Threads<Request, Result>;
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'slw-threads-'));
    file = path.join(folder, 'program.mts');
    await writeFile(file, program);
    threads = new Threads(file, 2);
  });
  after(async () => {
    await threads.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('answer many requests, a few at once, one after the other each', async () => {
    const words = Array.from({ length: 12 }, (_, index) => `word ${String(index)}`);
    const answers = await Promise.all(words.map((word) => threads.run({ word, ms: 1 }, 0, never)));
    assert.deepEqual(
      answers.map((answer) => answer.word),
      words,
    );
    assert.ok(new Set(answers.map((answer) => answer.threadId)).size <= 2);
  });

  it('begin with what takes longest', async () => {
    const one = new Threads<Request, Result>(file, 1);
    const done: number[] = [];
    const efforts = [0, 1, 3, 2];
    await Promise.all(efforts.map((effort) => one.run({}, effort, never).then(() => done.push(effort))));
    await one.close();
    assert.deepEqual(done, [0, 3, 2, 1]);
  });

  it('tell an error with its code and remedy, and go on', async () => {
    const error = await failure(threads.run({ fail: true }, 0, never), 'Broken', /it cannot/);
    assert.deepEqual(error.remedy, { kind: 'hint', label: 'Mend it.' });
    assert.equal((await threads.run({ word: 'again' }, 0, never)).word, 'again');
  });

  it('end with their request when it is aborted, and others take their place', async () => {
    const controller = new AbortController();
    const slow = threads.run({ ms: 60_000 }, 0, controller.signal);
    controller.abort();
    await assert.rejects(slow, { name: 'AbortError' });
    assert.equal((await threads.run({ word: 'again' }, 0, never)).word, 'again');
  });

  it('that die fail only what they worked on', async () => {
    await assert.rejects(threads.run({ exit: true }, 0, never), /ended with 3/);
    assert.equal((await threads.run({ word: 'again' }, 0, never)).word, 'again');
  });
});
