import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { asDiskError, exists, readJson, writeAtomic } from '../../clients/files/contentStore';
import type { Layer } from './layerWriter';

/** What was made from these inputs is kept under. */
export function keyOf(inputs: unknown): string {
  return createHash('sha256').update(JSON.stringify(inputs)).digest('hex').slice(0, 40);
}

/** Layers that were made before, by what they were made from. Two processes may use one folder. */
export class LayerCache {
  readonly #folder: string;
  readonly #making = new Map<string, Promise<Layer>>();
  readonly #recording: Promise<unknown>[] = [];

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The file that holds a layer of this cache. */
  file(digest: string): string {
    return path.join(this.#folder, 'blobs', digest.replace(':', '-'));
  }

  /** The layer of these inputs: found, or written by `make` into a file that does not exist yet. */
  async layer(inputs: unknown, make: (file: string) => Promise<Layer>): Promise<Layer> {
    const key = keyOf(inputs);
    const making = this.#making.get(key) ?? this.#find(key, make);
    this.#making.set(key, making);
    return making;
  }

  /** Ends when everything that was made is found again also after a power failure. Never rejects. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#recording);
  }

  /** What was made from these inputs, when it is still here. */
  async #find(key: string, make: (file: string) => Promise<Layer>): Promise<Layer> {
    const entry = path.join(this.#folder, 'layers', `${key}.json`);
    const known = (await readJson(entry)) as Layer | undefined;
    if (known !== undefined && (await exists(this.file(known.digest)))) return known;
    const temporary = path.join(this.#folder, 'blobs', `${randomBytes(8).toString('hex')}.tmp`);
    try {
      await mkdir(path.dirname(temporary), { recursive: true });
      const layer = await make(temporary);
      await rename(temporary, this.file(layer.digest));
      // A layer may be pushed while the disk still writes it.
      this.#recording.push(flushed(this.file(layer.digest)).then(() => writeAtomic(entry, JSON.stringify(layer))));
      return layer;
    } catch (cause) {
      throw asDiskError(cause, this.#folder);
    } finally {
      await rm(temporary, { force: true });
    }
  }
}

async function flushed(file: string): Promise<void> {
  const handle = await open(file, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
