import { createReadStream } from 'node:fs';
import { openBlob } from '../../clients/registry/pull';
import type { BlobSource } from '../../clients/registry/blob';
import type { Descriptor } from '../../core/image';
import type { LayerCache } from './layerCache';
import type { Layer } from './layerWriter';
import type { Base } from './openBase';

/** A layer of the cache. */
export function layerBlob(cache: LayerCache, { digest, size }: Layer): BlobSource {
  return {
    digest,
    size,
    open: (start, end, signal) =>
      createReadStream(cache.file(digest), {
        start,
        end: end - 1,
        signal,
        highWaterMark: 64 * 1024,
      }) as AsyncIterable<Buffer>,
  };
}

/** A layer of the base, read from its registry as it is needed. */
export function baseBlob(base: Base, { digest, size }: Descriptor): BlobSource {
  return {
    digest,
    size,
    open: (start, end, signal) => remote(base, digest, start, end, signal),
  };
}

/** Bytes in memory, such as the configuration. */
export function memoryBlob(digest: string, content: Buffer): BlobSource {
  return {
    digest,
    size: content.length,
    // eslint-disable-next-line @typescript-eslint/require-await -- the other sources have to wait
    open: async function* (start, end) {
      if (end > start) yield content.subarray(start, end);
    },
  };
}

async function* remote(
  base: Base,
  digest: string,
  start: number,
  end: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  let left = end - start;
  if (left === 0) return;
  for await (const chunk of await openBlob(base.registry, base.image.reference, digest, start, signal)) {
    yield chunk.length > left ? chunk.subarray(0, left) : chunk;
    left -= Math.min(left, chunk.length);
    if (left === 0) return;
  }
}
