import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileChanged } from '../../clients/files/contentStore';
import { releasing } from '../../clients/files/releasing';
import { LayerWriter, type Layer } from './layerWriter';

/** Something to put into a layer of files. Paths have no leading slash. */
export type LayerFile =
  | { readonly kind: 'source'; readonly path: string; readonly file: string; readonly size: number }
  | { readonly kind: 'content'; readonly path: string; readonly content: string; readonly executable?: boolean }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }
  | { readonly kind: 'folder'; readonly path: string };

/** Part of the key of every cached layer of files: raise it when the same files give other bytes than before. */
export const filesLayerVersion = 2;

/** Up to here a file is read at once. */
const inMemoryBytes = 256 * 1024;

/** Writes files as one layer, sorted by path. @throws UserError FileChanged */
export async function writeFilesLayer(to: string, files: readonly LayerFile[]): Promise<Layer> {
  const writer = await LayerWriter.create(to);
  try {
    for (const file of [...files].sort((left, right) => (left.path < right.path ? -1 : 1))) {
      await add(writer, file);
    }
    return await writer.finish();
  } catch (error) {
    await writer.abandon();
    throw error;
  }
}

async function add(writer: LayerWriter, file: LayerFile): Promise<void> {
  switch (file.kind) {
    case 'folder':
      await writer.add(file);
      return;
    case 'link':
      await writer.add(file);
      return;
    case 'content': {
      const content = Buffer.from(file.content);
      const { path, executable = false } = file;
      await writer.add({ kind: 'file', path, executable, size: content.length }, content);
      return;
    }
    case 'source': {
      const entry = { kind: 'file', path: file.path, executable: false, size: file.size } as const;
      if (file.size > inMemoryBytes) {
        const pieces = createReadStream(file.file, { highWaterMark: inMemoryBytes }) as AsyncIterable<Buffer>;
        await writer.addStream(entry, releasing(pieces));
        return;
      }
      const content = await readFile(file.file);
      if (content.length !== file.size) throw fileChanged(file.path, 'read');
      await writer.add(entry, content);
    }
  }
}
