import assert from 'node:assert/strict';
import { appendFile, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { homeAt } from '../../../src/core/home';
import type { LogLine } from '../../../src/core/logs';
import { readLogs } from '../../../src/targets/local/logs';

let root: string;
let folder: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'slipway-spool-'));
  folder = path.join(root, 'models', 'm', 'logs');
  await mkdir(folder, { recursive: true });
});
afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

const record = (seq: number): string =>
  `${JSON.stringify({ seq, t: '2026-01-01T00:00:00.000Z', r: '1/0', s: 'out', m: `line ${seq}` })}\n`;
const write = (first: number, from: number, to: number): Promise<void> =>
  appendFile(
    path.join(folder, `${String(first).padStart(12, '0')}.jsonl`),
    Array.from({ length: to - from + 1 }, (_, index) => record(from + index)).join(''),
  );

async function read(options: { after?: number; tail?: number; generation?: string }): Promise<readonly number[]> {
  const lines: LogLine[] = [];
  for await (const line of readLogs(homeAt(root), 'm', { ...options, follow: false }, new AbortController().signal))
    lines.push(line);
  return lines.map((line) => line.seq);
}

describe('readLogs', () => {
  it('reads all segments in order', async () => {
    await write(1, 1, 3);
    await write(4, 4, 6);
    assert.deepEqual(await read({}), [1, 2, 3, 4, 5, 6]);
  });

  it('resumes after a sequence number and starts before the end', async () => {
    await write(1, 1, 3);
    await write(4, 4, 6);
    assert.deepEqual(await read({ after: 2 }), [3, 4, 5, 6]);
    assert.deepEqual(await read({ tail: 4 }), [3, 4, 5, 6]);
    assert.deepEqual(await read({ tail: 0 }), []);
  });

  it('starts at the oldest line that is still kept', async () => {
    await write(10, 10, 12);
    assert.deepEqual(await read({ after: 2 }), [10, 11, 12]);
  });

  it('leaves a line that is still being written for later', async () => {
    await write(1, 1, 1);
    await appendFile(path.join(folder, '000000000001.jsonl'), record(2).slice(0, 20));
    assert.deepEqual(await read({}), [1]);
  });

  it('reads another log from its start when the model was removed and deployed again between two looks', async () => {
    const seen: string[] = [];
    const model = path.join(root, 'models', 'm');
    await writeFile(path.join(folder, 'generation'), 'old');
    await write(1, 1, 3);
    for await (const line of readLogs(homeAt(root), 'm', { follow: true }, AbortSignal.timeout(20_000))) {
      seen.push(`${line.generation ?? ''} ${String(line.seq)}`);
      if (seen.length === 3) {
        await rename(model, path.join(root, 'gone'));
        await mkdir(folder, { recursive: true });
        await writeFile(path.join(folder, 'generation'), 'new');
        await write(1, 1, 2);
      }
      if (seen.length === 5) break;
    }
    assert.deepEqual(seen, ['old 1', 'old 2', 'old 3', 'new 1', 'new 2']);
    const resumed = { after: 2, generation: 'old', follow: false };
    assert.deepEqual(await read(resumed), [1, 2]);
    assert.deepEqual(await read({ ...resumed, generation: 'new' }), []);
  });

  it('follows appended lines and new segments without loss or repetition, and ends when the model is removed', async () => {
    await write(1, 1, 2);
    const seen: number[] = [];
    const reading = (async () => {
      for await (const line of readLogs(homeAt(root), 'm', { follow: true }, AbortSignal.timeout(20_000))) {
        seen.push(line.seq);
        if (line.seq === 2) await write(1, 3, 4);
        if (line.seq === 4) await write(5, 5, 2000);
        if (line.seq === 2000) await rm(path.join(root, 'models', 'm'), { recursive: true });
      }
    })();
    await reading;
    assert.deepEqual(
      seen,
      Array.from({ length: 2000 }, (_, index) => index + 1),
    );
  });
});
