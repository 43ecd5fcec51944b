import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { after, describe, it } from 'node:test';
import { createInflateRaw, deflateRawSync } from 'node:zlib';
import { releasing } from '../../../src/clients/files/releasing';
import { temporaryFolder } from '../project/fixtures';

const pieceBytes = 64 * 1024;
const content = Buffer.concat(Array.from({ length: 40 }, (_, at) => randomBytes(at * 1000)));
const file = path.join(temporaryFolder(after), 'content');
writeFileSync(file, content);

const sources: Readonly<Record<string, () => AsyncIterable<Buffer>>> = {
  zlib: () => Readable.from(deflateRawSync(content)).pipe(createInflateRaw({ chunkSize: pieceBytes })),
  'a file': () => createReadStream(file, { highWaterMark: pieceBytes }) as AsyncIterable<Buffer>,
};

describe('the memory of pieces', () => {
  for (const [name, open] of Object.entries(sources))
    it(`of ${name} is given back once they were used`, async () => {
      const hash = createHash('sha256');
      const buffers: ArrayBufferLike[] = [];
      for await (const piece of releasing(open())) {
        hash.update(piece);
        buffers.push(piece.buffer);
      }
      assert.equal(hash.digest('hex'), createHash('sha256').update(content).digest('hex'));
      const kept = new Set(buffers.filter(({ byteLength }) => byteLength > 0));
      assert.ok(buffers.length > 5);
      assert.ok(kept.size <= 1, `${kept.size} of ${new Set(buffers).size} are kept`);
    });
});
