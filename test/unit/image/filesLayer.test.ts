import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { writeFilesLayer } from '../../../src/build/image/filesLayer';
import { LayerWriter } from '../../../src/build/image/layerWriter';

let folder: string;
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'slw-files-layer-'));
});
after(() => rm(folder, { recursive: true, force: true }));

describe('a layer of files', () => {
  it('is the same however its content arrives', async () => {
    const content = Buffer.from('0123456789'.repeat(150_000));
    const file = path.join(folder, 'weights.bin');
    await writeFile(file, content);
    const read = await writeFilesLayer(path.join(folder, 'read'), [
      { kind: 'source', path: 'opt/weights.bin', file, size: content.length },
    ]);
    const writer = await LayerWriter.create(path.join(folder, 'whole'));
    await writer.add({ kind: 'file', path: 'opt/weights.bin', executable: false, size: content.length }, content);
    assert.deepEqual(await writer.finish(), read);
  });
});
