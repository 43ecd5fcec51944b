import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { LayerWriter } from '../../../src/build/image/layerWriter';
import { readTar } from '../../../src/build/image/readTar';
import { paddingOf, tarEnd, tarHeader, type TarEntry } from '../../../src/build/image/tar';
import { sha256 } from '../../../src/clients/registry/blob';

let folder: string;
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'slw-tar-'));
});
after(async () => {
  await rm(folder, { recursive: true, force: true });
});

const long = `${'folder/'.repeat(30)}ünïcode 😀.txt`;
const entries: readonly TarEntry[] = [
  { kind: 'folder', path: 'plain' },
  { kind: 'file', path: 'plain/a.txt', size: 3, executable: false },
  { kind: 'file', path: 'plain/run', size: 0, executable: true },
  { kind: 'link', path: 'plain/link', target: '../elsewhere' },
  { kind: 'link', path: 'plain/long', target: long },
  { kind: 'file', path: long, size: 600, executable: false },
];

function archive(): Buffer {
  const parts = entries.flatMap((entry) => {
    const size = entry.kind === 'file' ? entry.size : 0;
    return [tarHeader(entry), Buffer.alloc(size, 'x'), Buffer.alloc(paddingOf(size))];
  });
  return Buffer.concat([...parts, tarEnd]);
}

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size));
}

describe('tar archives', () => {
  it('are read by the system as they were written', async (context) => {
    if (process.platform === 'win32') {
      context.skip('there is no GNU tar');
      return;
    }
    const file = path.join(folder, 'a.tar');
    await writeFile(file, archive());
    const listed = execFileSync('tar', ['-tvf', file, '--numeric-owner'], {
      encoding: 'utf8',
      env: { ...process.env, TZ: 'UTC', LC_ALL: 'C.UTF-8' },
    });
    const lines = listed.trim().split('\n');
    assert.equal(lines.length, entries.length);
    assert.match(lines[0] ?? '', /^drwxr-xr-x .*0[ /]0 .*1980.* plain\/$/);
    assert.match(lines[2] ?? '', /^-rwxr-xr-x .* plain\/run$/);
    assert.match(lines[3] ?? '', /^lrwxrwxrwx .* plain\/link -> \.\.\/elsewhere$/);
  });

  for (const size of [1, 100, 512, 100_000]) {
    it(`are read back, ${size} bytes at a time`, async () => {
      const found: unknown[] = [];
      for await (const entry of readTar(inPieces(archive(), size))) {
        let read = 0;
        if (entry.path === long) for await (const piece of entry.content()) read += piece.length;
        found.push([entry.type, entry.path, entry.target, entry.size, read]);
      }
      assert.deepEqual(found, [
        ['folder', 'plain', '', 0, 0],
        ['file', 'plain/a.txt', '', 3, 0],
        ['file', 'plain/run', '', 0, 0],
        ['link', 'plain/link', '../elsewhere', 0, 0],
        ['link', 'plain/long', long, 0, 0],
        ['file', long, '', 600, 600],
      ]);
    });
  }

  it('that are cut off are an error', async () => {
    const cut = archive().subarray(0, 700);
    await assert.rejects(async () => {
      for await (const entry of readTar(inPieces(cut, 512))) assert.ok(entry.path);
    }, /cut off/);
  });
});

describe('a layer', () => {
  it('is gzip of a tar archive with the digests it says, the same each time', async () => {
    const digests: string[] = [];
    for (const name of ['one', 'two']) {
      const file = path.join(folder, name);
      const writer = await LayerWriter.create(file);
      const content = Buffer.alloc(700_000, 'content ');
      await writer.add({ kind: 'file', path: 'a/b/c.txt', size: content.length, executable: false }, content);
      await writer.add({ kind: 'link', path: 'a/b/d', target: 'c.txt' });
      const layer = await writer.finish();
      const blob = await readFile(file);
      const tar = gunzipSync(blob);
      assert.deepEqual([layer.digest, layer.size], [sha256(blob), blob.length]);
      assert.deepEqual([layer.diffId, layer.unpacked], [sha256(tar), tar.length]);
      const names: string[] = [];
      for await (const entry of readTar(inPieces(tar, 4096))) names.push(entry.path);
      assert.deepEqual(names, ['a', 'a/b', 'a/b/c.txt', 'a/b/d']);
      digests.push(layer.digest);
    }
    assert.equal(digests[0], digests[1]);
  });

  it('refuses a file that is not as long as was said', async () => {
    const writer = await LayerWriter.create(path.join(folder, 'short'));
    const entry = { kind: 'file', path: 'a', size: 10, executable: false } as const;
    await assert.rejects(writer.addStream(entry, inPieces(Buffer.alloc(9), 3)), /changed while it was read/);
    await writer.abandon();
  });
});
