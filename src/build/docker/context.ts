import { createReadStream } from 'node:fs';
import { fileChanged } from '../../clients/files/contentStore';
import { paddingOf, tarEnd, tarHeader } from '../image/tar';

/** A file of a build context. Paths are relative to it, with POSIX separators. */
export type ContextFile =
  | { readonly kind: 'content'; readonly path: string; readonly content: string }
  | {
      readonly kind: 'source';
      readonly path: string;
      /** Absolute. */
      readonly file: string;
      readonly size: number;
      readonly executable: boolean;
    };

/**
 * A build context as the tar archive that an engine takes. Files are readable to all, whatever their rights here: the
 * image must run as any user.
 * @throws UserError FileChanged
 */
export async function* contextArchive(files: readonly ContextFile[], signal: AbortSignal): AsyncGenerator<Uint8Array> {
  for (const file of files) {
    signal.throwIfAborted();
    if (file.kind === 'content') {
      const content = Buffer.from(file.content);
      yield tarHeader({ kind: 'file', path: file.path, size: content.length, executable: false });
      yield Buffer.concat([content, Buffer.alloc(paddingOf(content.length))]);
    } else {
      const { path, size, executable } = file;
      yield tarHeader({ kind: 'file', path, size, executable });
      yield* wholeFile(file, signal);
      yield Buffer.alloc(paddingOf(size));
    }
  }
  yield tarEnd;
}

async function* wholeFile(
  { file, path, size }: Extract<ContextFile, { kind: 'source' }>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  let read = 0;
  for await (const chunk of createReadStream(file, { signal }) as AsyncIterable<Buffer>) {
    read += chunk.length;
    if (read > size) break;
    yield chunk;
  }
  if (read === size) return;
  throw fileChanged(path, 'sent to the Docker engine');
}
