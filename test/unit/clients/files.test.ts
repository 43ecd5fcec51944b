import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import {
  asDiskError,
  hashFile,
  listFiles,
  makeFolderOnce,
  readJson,
  writeAtomic,
} from '../../../src/clients/files/contentStore';
import { withLock } from '../../../src/clients/files/lockFile';

const signal = new AbortController().signal;
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'slipway-files-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe('makeFolderOnce', () => {
  it('fills a folder once when two ask at the same time', async () => {
    const target = path.join(folder, 'made');
    const fill = (text: string) => (temporary: string) => writeFile(path.join(temporary, 'file'), text);
    await Promise.all([makeFolderOnce(target, fill('a')), makeFolderOnce(target, fill('b'))]);
    assert.match(await readFile(path.join(target, 'file'), 'utf8'), /^[ab]$/);
    assert.deepEqual(await readdir(folder), ['made']);
  });

  it('leaves nothing behind when filling fails', async () => {
    await assert.rejects(
      makeFolderOnce(path.join(folder, 'made'), () => Promise.reject(new Error('no'))),
      /no/,
    );
    assert.deepEqual(await readdir(folder), []);
  });
});

describe('writeAtomic', () => {
  it('replaces the content and leaves no temporary file', async () => {
    const file = path.join(folder, 'deep', 'state.json');
    await writeAtomic(file, '{"a":1}');
    await writeAtomic(file, '{"a":2}');
    assert.deepEqual(await readJson(file), { a: 2 });
    assert.deepEqual(await listFiles(folder), ['deep/state.json']);
  });

  it('calls a full disk what it is', () => {
    const error = asDiskError(Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' }), '/data/x') as {
      readonly code: string;
    };
    assert.equal(error.code, 'DiskFull');
  });
});

describe('hashFile', () => {
  it('is the SHA-256 of the content', async () => {
    const file = path.join(folder, 'abc');
    await writeFile(file, 'abc');
    assert.equal(await hashFile(file, signal), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });
});

describe('withLock', () => {
  it('runs one body at a time', async () => {
    const lock = path.join(folder, 'x.lock');
    let inside = 0;
    let most = 0;
    const body = async () => {
      most = Math.max(most, ++inside);
      await new Promise((resolve) => setImmediate(resolve));
      inside--;
    };
    await Promise.all([1, 2, 3].map(() => withLock(lock, body, signal)));
    assert.equal(most, 1);
  });

  it('takes over the lock of a process that is gone', async () => {
    const lock = path.join(folder, 'x.lock');
    await writeFile(lock, '2147483646');
    assert.equal(await withLock(lock, () => Promise.resolve('ran'), signal), 'ran');
  });
});
