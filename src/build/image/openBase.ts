import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { readJson, writeAtomic } from '../../clients/files/contentStore';
import type { Registry } from '../../clients/registry/connection';
import { openBlob, readImage, type DocumentCache, type RemoteImage } from '../../clients/registry/pull';
import { formatImageReference, type ImageReference, type Platform } from '../../core/image';
import type { LibrarySource } from './planLayers';
import { probeBase, type BaseFacts } from './probeBase';

/** A base image: what its registry says of it, and what its layers hold. */
export interface Base {
  readonly registry: Registry;
  readonly image: RemoteImage;
  readonly facts: BaseFacts;
  /** Folder of this machine with the files of `facts.library`. */
  readonly library: string;
}

/** Raise it when probing learns more or otherwise than before. */
const probeVersion = 2;

/** Reads a base image; its layers are looked through once for each digest. @throws UserError of {@link readImage} and {@link probeBase} */
export async function openBase(
  registry: Registry,
  reference: ImageReference,
  platform: Platform,
  cache: string,
  signal: AbortSignal,
): Promise<Base> {
  const image = await readImage(registry, reference, platform, documentsIn(path.join(cache, 'documents')), signal);
  const library = path.join(cache, `${image.digest.replace(':', '-')}-${probeVersion}`);
  const known = (await readJson(`${library}.json`)) as BaseFacts | undefined;
  if (known !== undefined) return { registry, image, facts: known, library };
  const { facts, modules } = await probeBase(
    formatImageReference(reference),
    image.config,
    image.manifest.layers,
    (layer, abort) => openBlob(registry, reference, layer.digest, 0, abort),
    signal,
  );
  await writeModules(library, modules);
  await writeAtomic(`${library}.json`, JSON.stringify(facts));
  return { registry, image, facts, library };
}

async function writeModules(folder: string, modules: ReadonlyMap<string, Buffer>): Promise<void> {
  for (const [name, source] of modules) {
    const file = path.join(folder, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, source);
  }
}

/** What it runs on. */
export function platformOf({ image }: Base): Platform {
  const { os, architecture } = image.config;
  return { os, architecture };
}

/** The base by digest: the same image whatever its tag will point at. */
export function baseReference({ image }: Base): string {
  return formatImageReference({ ...image.reference, digest: image.digest });
}

export function librarySource({ facts, image, library }: Base): LibrarySource | undefined {
  if (facts.library === undefined) return undefined;
  const { folder, files } = facts.library;
  return { folder: library, path: folder, files, base: image.digest };
}

export function describeLibc({ libc }: BaseFacts): string {
  return libc.kind === 'musl' ? 'musl' : `glibc ${libc.version.join('.')}`;
}

function documentsIn(folder: string): DocumentCache {
  const fileOf = (digest: string): string => path.join(folder, digest.replace(':', '-'));
  return {
    get: async (digest) => {
      const content = await readFile(fileOf(digest)).catch(() => undefined);
      const found = content === undefined ? '' : createHash('sha256').update(content).digest('hex');
      return digest === `sha256:${found}` ? content : undefined;
    },
    put: (digest, content) => writeAtomic(fileOf(digest), content),
  };
}
