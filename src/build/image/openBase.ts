import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { readJson, writeAtomic } from '../../clients/files/contentStore';
import type { Registry } from '../../clients/registry/connection';
import { openBlob, readImage, type DocumentCache, type RemoteImage } from '../../clients/registry/pull';
import { formatImageReference, type ImageReference, type Platform } from '../../core/image';
import { probeBase, type BaseFacts } from './probeBase';

/** A base image: what its registry says of it, and what its layers hold. */
export interface Base {
  readonly registry: Registry;
  readonly image: RemoteImage;
  readonly facts: BaseFacts;
}

/** Raise it when probing learns more or otherwise than before. */
const probeVersion = 1;

/** Reads a base image; its layers are looked through once for each digest. @throws UserError of {@link readImage} and {@link probeBase} */
export async function openBase(
  registry: Registry,
  reference: ImageReference,
  platform: Platform,
  cache: string,
  signal: AbortSignal,
): Promise<Base> {
  const image = await readImage(registry, reference, platform, documentsIn(path.join(cache, 'documents')), signal);
  const file = path.join(cache, `${image.digest.replace(':', '-')}-${probeVersion}.json`);
  const known = (await readJson(file)) as BaseFacts | undefined;
  if (known !== undefined) return { registry, image, facts: known };
  const facts = await probeBase(
    formatImageReference(reference),
    image.config,
    image.manifest.layers,
    (layer, abort) => openBlob(registry, reference, layer.digest, 0, abort),
    signal,
  );
  await writeAtomic(file, JSON.stringify(facts));
  return { registry, image, facts };
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
