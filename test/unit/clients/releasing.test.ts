import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { after, describe, it } from 'node:test';
import { createInflateRaw, deflateRawSync } from 'node:zlib';
import { releasing } from '../../../src/clients/files/releasing';
import { temporaryFolder } from '../project/fixtures';

const pieceBytes = 128 * 1024;
const content = Buffer.concat(Array.from({ length: 80 }, (_, at) => randomBytes(at * 1000)));
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

  it('that share it with others is not', async () => {
    const shared = Buffer.from('of the pool');
    const atEnd = Buffer.from(shared.buffer, shared.buffer.byteLength - 5, 5);
    let read = 0;
    for await (const piece of releasing(Readable.from([atEnd]))) read += piece.length;
    assert.deepEqual([read, shared.toString()], [5, 'of the pool']);
  });
});
