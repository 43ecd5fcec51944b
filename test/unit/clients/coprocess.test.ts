import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { Coprocess, type CoprocessOptions } from '../../../src/clients/process/coprocess';
import { isAlive } from '../../../src/clients/files/lockFile';
import { eventually } from '../../support/eventually';

const never = new AbortController().signal;
const module = path.join(import.meta.dirname, '../../../src/clients/process/coprocess.ts');

/** Answers a line with its own number and the line, backwards; some words have it misbehave. */
const program = `
const { createInterface } = require('node:readline');
createInterface({ input: process.stdin }).on('line', (line) => {
  if (line === 'fail') { console.error('it cannot'); process.exit(3); }
  if (line === 'hang') return setInterval(() => {}, 1000);
  if (line === 'long') return console.log('x'.repeat(3_000_000));
  console.log(process.pid + ' ' + [...line].reverse().join(''));
});
`;

describe('a coprocess', () => {
  let folder: string;
  let file: string;
  let made: Coprocess[] = [];
  const coprocess = (options: Partial<CoprocessOptions> = {}): Coprocess => {
    const one = new Coprocess(process.execPath, [file], { timeoutMs: 20_000, ...options });
    made.push(one);
    return one;
  };
  const ask = async (one: Coprocess, line: string, signal = never): Promise<{ pid: number; word: string }> => {
    const said = await one.ask(line, signal);
    assert.equal(said.kind, 'line');
    const [pid = '', word = ''] = said.line.trim().split(' ');
    return { pid: Number(pid), word };
  };
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'slw-coprocess-'));
    file = path.join(folder, 'program.cjs');
    await writeFile(file, program);
  });
  afterEach(() => {
    for (const one of made) one.close();
    made = [];
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('answers one request after the other from one program', async () => {
    const one = coprocess();
    const first = await ask(one, 'abc');
    const second = await ask(one, 'käse');
    assert.deepEqual([first.word, second.word, first.pid], ['cba', 'esäk', second.pid]);
  });

  it('gives requests at the same time a program each, and keeps one of them', async () => {
    const one = coprocess();
    const [left, right] = await Promise.all([ask(one, 'left'), ask(one, 'right')]);
    assert.notEqual(left.pid, right.pid);
    assert.deepEqual([left.word, right.word], ['tfel', 'thgir']);
    const { pid } = await ask(one, 'again');
    await eventually(
      'the other program is gone',
      10,
      () => [left.pid, right.pid].filter(isAlive).join() === String(pid),
    );
  });

  it('hands on an answer that comes in many pieces', async () => {
    const said = await coprocess().ask('long', never);
    assert.equal(said.kind === 'line' && said.line.trim().length, 3_000_000);
  });

  it('starts again when the program was ended meanwhile', async () => {
    const one = coprocess();
    const { pid } = await ask(one, 'abc');
    process.kill(pid, 'SIGKILL');
    const { pid: next, word } = await ask(one, 'abc');
    assert.deepEqual([word, next === pid], ['cba', false]);
  });

  it('tells what a program says that fails, kept or new', async () => {
    const one = coprocess();
    assert.deepEqual(await one.ask('fail', never), { kind: 'ended', stderr: 'it cannot\n' });
    await ask(one, 'abc');
    assert.deepEqual(await one.ask('fail', never), { kind: 'ended', stderr: 'it cannot\n' });
  });

  it('ends a program that does not answer in time, and one that nobody waits for any more', async () => {
    const slow = coprocess({ timeoutMs: 1500 });
    const { pid } = await ask(slow, 'abc');
    await assert.rejects(slow.ask('hang', never), { code: 'ProgramTimedOut' });
    await eventually('the program is gone', 10, () => !isAlive(pid));
    const one = coprocess();
    const { pid: other } = await ask(one, 'abc');
    const stop = new AbortController();
    const asked = one.ask('hang', stop.signal);
    stop.abort();
    await assert.rejects(asked, { name: 'AbortError' });
    await eventually('the other program is gone', 10, () => !isAlive(other));
    assert.equal((await ask(one, 'abc')).word, 'cba');
  });

  it('leaves the kept program alone when what was aborted is asked', async () => {
    const one = coprocess();
    const { pid } = await ask(one, 'abc');
    await assert.rejects(one.ask('abc', AbortSignal.abort()), { name: 'AbortError' });
    assert.equal((await ask(one, 'abc')).pid, pid);
  });

  it('says which program is not there', async () => {
    const missing = new Coprocess(path.join(folder, 'missing'), [], { timeoutMs: 5000 });
    await assert.rejects(missing.ask('abc', never), { code: 'ProgramNotFound' });
  });

  it('ends a program that nobody asks for a while', async () => {
    const { pid } = await ask(coprocess({ idleMs: 50 }), 'abc');
    await eventually('the program is gone', 10, () => !isAlive(pid));
  });

  it('neither keeps a process alive nor outlives it', async () => {
    const script = path.join(folder, 'asks.mts');
    const told = path.join(folder, 'pid');
    await writeFile(
      script,
      `import { writeFileSync } from 'node:fs';
       import { Coprocess } from ${JSON.stringify(module)};
       const one = new Coprocess(process.execPath, [${JSON.stringify(file)}], { timeoutMs: 20_000 });
       const said = await one.ask('abc', new AbortController().signal);
       writeFileSync(${JSON.stringify(told)}, said.line.split(' ')[0]);`,
    );
    await promisify(execFile)(process.execPath, ['--import', 'tsx', script], { timeout: 20_000 });
    const pid = Number(await readFile(told, 'utf8'));
    await eventually('the program is gone', 10, () => !isAlive(pid));
  });
});
