import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UserError } from '../../../src/core/errors';
import {
  followLogs,
  readLog,
  type FollowOptions,
  type LogEntry,
  type LogSource,
} from '../../../src/pipeline/followLogs';
import { cutAfter, faultySource, line, type Fault } from './faultySource';

const thousand = Array.from({ length: 1000 }, (_, index) => line(index + 1));
const never = new AbortController().signal;
const quick: FollowOptions = { exists: () => Promise.resolve(false), wait: () => Promise.resolve() };

async function collect(source: LogSource, options: Partial<FollowOptions> = {}): Promise<readonly LogEntry[]> {
  const entries: LogEntry[] = [];
  for await (const entry of followLogs(source, { ...quick, ...options }, never)) entries.push(entry);
  return entries;
}

const numbers = (entries: readonly LogEntry[]): readonly (number | string)[] =>
  entries.map((entry) => {
    if (entry.kind === 'restart') return 'restart';
    return entry.kind === 'line' ? entry.line.seq : `gap ${String(entry.after)}+${String(entry.lost)}`;
  });

const allNumbers = thousand.map((one) => one.seq);

describe('followLogs', () => {
  it('passes every line once through twenty cuts', async () => {
    const source = faultySource(
      thousand,
      Array.from({ length: 20 }, (_, index) => cutAfter(1 + index * 4)),
    );
    assert.deepEqual(numbers(await collect(source, { after: 0 })), allNumbers);
    assert.equal(source.opened.length, 21);
    assert.deepEqual(
      source.opened.slice(0, 3).map((one) => one.after),
      [0, 1, 6],
    );
  });

  it('drops lines that a connection repeats', async () => {
    const repeating: Fault = (_lines, options) => [
      ...thousand.slice(Math.max(0, (options.after ?? 0) - 40), (options.after ?? 0) + 90),
      new Error('cut'),
    ];
    assert.deepEqual(
      numbers(
        await collect(
          faultySource(
            thousand,
            Array.from({ length: 5 }, () => repeating),
          ),
          { after: 0 },
        ),
      ),
      allNumbers,
    );
  });

  it('reads a batch that came in the wrong order again, and reports no gap', async () => {
    const reordered: Fault = (lines) => [
      ...lines.slice(0, 100),
      ...lines.slice(120, 140),
      ...lines.slice(100, 120),
      ...lines.slice(140),
    ];
    const source = faultySource(thousand, [reordered]);
    assert.deepEqual(numbers(await collect(source, { after: 0 })), allNumbers);
    assert.deepEqual(
      source.opened.map((one) => one.after),
      [0, 100],
    );
  });

  it('reports a jump that is still there when it is read again, once, with how many lines it took', async () => {
    const holed = thousand.filter((one) => one.seq <= 10 || one.seq > 60);
    const entries = await collect(faultySource(holed, [cutAfter(5), cutAfter(20)]), { after: 0 });
    assert.deepEqual(numbers(entries).slice(8, 13), [9, 10, 'gap 10+50', 61, 62]);
    assert.equal(entries.filter((one) => one.kind === 'gap').length, 1);
    assert.equal(entries.length, 951);
  });

  it('survives cuts, repetition, reordering and holes together', async () => {
    const random = generator(7);
    const holed = thousand.filter((one) => one.seq % 97 !== 0);
    const faults = Array.from({ length: 60 }, (_, connection): Fault => (_lines, options) => {
      const from = holed.findIndex((one) => one.seq > (options.after ?? 0));
      const batch = holed.slice(Math.max(0, from - Math.floor(random() * 9)), from + Math.floor(random() * 60));
      const at = Math.floor(random() * batch.length);
      // What was out of order is in order when it is read again.
      const swapped = connection % 2 === 0 && random() < 0.6 ? [...batch.slice(at), ...batch.slice(0, at)] : batch;
      return [...swapped, new Error('cut')];
    });
    const seen = numbers(await collect(faultySource(holed, faults), { after: 0 }));
    assert.deepEqual(
      seen.filter((one) => typeof one === 'number'),
      holed.map((one) => one.seq),
    );
    assert.deepEqual(
      seen.filter((one) => typeof one === 'string'),
      Array.from({ length: 10 }, (_, index) => `gap ${String((index + 1) * 97 - 1)}+1`),
    );
  });

  it('starts over with the log of a model that was removed and deployed again, within a connection and between two', async () => {
    const of = (generation: string, ...seqs: readonly number[]) => seqs.map((seq) => ({ ...line(seq), generation }));
    const source = faultySource(thousand, [
      () => [...of('a', 1, 2, 3), ...of('b', 1, 2), new Error('cut')],
      () => of('c', 1, 2),
    ]);
    assert.deepEqual(numbers(await collect(source)), [1, 2, 3, 'restart', 1, 2, 'restart', 1, 2]);
    assert.deepEqual(source.opened[1], { follow: true, after: 2, generation: 'b' });
  });

  it('starts with the tail and resumes after the first line by number', async () => {
    const source = faultySource(thousand, [cutAfter(0), cutAfter(3)]);
    assert.deepEqual(numbers(await collect(source, { tail: 5 })), [996, 997, 998, 999, 1000]);
    assert.deepEqual(source.opened, [
      { follow: true, tail: 5 },
      { follow: true, tail: 5 },
      { follow: true, after: 998 },
    ]);
  });

  it('waits longer while nothing comes and starts over once a line came', async () => {
    const attempts: number[] = [];
    const nothing: Fault = () => [new Error('refused')];
    const source = faultySource(thousand, [nothing, nothing, nothing, cutAfter(1), nothing]);
    await collect(source, { after: 0, onInterrupted: (attempt) => attempts.push(attempt) });
    assert.deepEqual(attempts, [1, 2, 3, 1, 2]);
  });

  it('goes on after an end of the log while the model exists, and ends with the model', async () => {
    const answers = [true, true, false];
    const source = faultySource(thousand.slice(0, 3), []);
    assert.deepEqual(
      numbers(await collect(source, { after: 0, exists: () => Promise.resolve(answers.shift() ?? false) })),
      [1, 2, 3],
    );
    assert.equal(source.opened.length, 3);
  });

  it('ends with the error when there is no such model', async () => {
    const source = faultySource(thousand, [() => [new UserError('ModelNotFound', 'gone')]]);
    await assert.rejects(collect(source, { after: 0 }), { code: 'ModelNotFound' });
  });

  it('ends at once when aborted while it waits', async () => {
    const controller = new AbortController();
    const source = faultySource(
      thousand,
      Array.from({ length: 9 }, () => cutAfter(0)),
    );
    const options: FollowOptions = {
      after: 0,
      exists: () => Promise.resolve(true),
      onInterrupted: () => {
        controller.abort();
      },
    };
    await assert.rejects(
      async () => {
        for await (const entry of followLogs(source, options, controller.signal)) assert.fail(JSON.stringify(entry));
      },
      { name: 'AbortError' },
    );
    assert.equal(source.opened.length, 1);
  });
});

describe('readLog', () => {
  it('names the holes inside what is kept', async () => {
    const entries: LogEntry[] = [];
    for await (const entry of readLog(faultySource([line(5), line(6), line(9)], []), {}, never)) entries.push(entry);
    assert.deepEqual(numbers(entries), [5, 6, 'gap 6+2', 9]);
  });
});

/** Mulberry32: the same faults in every run. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
