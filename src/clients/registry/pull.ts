import { createHash } from 'node:crypto';
import { UserError } from '../../core/errors';
import {
  formatImageReference,
  formatPlatform,
  type Descriptor,
  type ImageReference,
  type Platform,
} from '../../core/image';
import { imagesIn, mediaTypes, type ImageConfig, type ImageIndex, type ImageManifest } from '../../core/oci';
import type { Registry } from './connection';

/** An image of one platform, as it lies in its registry. */
export interface RemoteImage {
  readonly reference: ImageReference;
  /** Digest of the manifest of the platform, which never changes. */
  readonly digest: string;
  readonly manifest: ImageManifest;
  readonly config: ImageConfig;
}

const indexTypes: readonly string[] = [mediaTypes.index, mediaTypes.dockerIndex];
/** Manifests and configurations by digest: they never change, so each is asked for once. */
export interface DocumentCache {
  get(digest: string): Promise<Buffer | undefined>;
  put(digest: string, content: Buffer): Promise<void>;
}

const accept = [mediaTypes.index, mediaTypes.manifest, mediaTypes.dockerIndex, mediaTypes.dockerManifest].join(', ');

export function pullScope(repository: string): string {
  return `repository:${repository}:pull`;
}

/**
 * Reads the manifest and the configuration of an image for one platform. What a registry sends is checked against the
 * digest that named it.
 * @throws UserError ImageNotFound, PlatformMissing, ImageUnsupported, RegistryFailed and those of {@link Registry.send}
 */
export async function readImage(
  registry: Registry,
  reference: ImageReference,
  platform: Platform,
  documents: DocumentCache,
  signal: AbortSignal,
): Promise<RemoteImage> {
  const first = await readManifest(registry, reference, documents, signal);
  const chosen = indexTypes.includes(first.mediaType)
    ? await readManifest(
        registry,
        { ...reference, digest: choose(reference, JSON.parse(first.text) as ImageIndex, platform).digest },
        documents,
        signal,
      )
    : first;
  const manifest = asManifest(reference, chosen.text);
  const config = JSON.parse(
    (await readBlob(registry, reference, manifest.config, documents, signal)).toString('utf8'),
  ) as ImageConfig;
  if (config.os !== platform.os || config.architecture !== platform.architecture)
    throw platformMissing(reference, platform, [formatPlatform(config)]);
  return { reference, digest: chosen.digest, manifest, config };
}

/** A part of a blob from `start` on, as it comes. The caller checks the digest. */
export async function openBlob(
  registry: Registry,
  reference: ImageReference,
  digest: string,
  start: number,
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  const response = await registry.send(
    {
      method: 'GET',
      path: `/v2/${reference.repository}/blobs/${digest}`,
      headers: start === 0 ? {} : { range: `bytes=${start}-` },
      scopes: [pullScope(reference.repository)],
      what: `read a layer of ${formatImageReference(reference)}`,
      expect: start === 0 ? [200] : [200, 206],
    },
    signal,
  );
  const body = response.body as AsyncIterable<Uint8Array>;
  // A server may ignore the range and send everything.
  return start > 0 && response.status === 200 ? skip(body, start) : body;
}

async function* skip(body: AsyncIterable<Uint8Array>, bytes: number): AsyncGenerator<Uint8Array> {
  let left = bytes;
  for await (const chunk of body) {
    if (left < chunk.length) yield chunk.subarray(left);
    left = Math.max(0, left - chunk.length);
  }
}

/** A manifest or an index, as the registry sent it. */
export interface FoundManifest {
  readonly text: string;
  readonly mediaType: string;
  readonly digest: string;
}

/** What a tag or digest names. @throws UserError ImageNotFound, RegistryFailed and those of {@link Registry.send} */
export async function readManifest(
  registry: Registry,
  reference: ImageReference,
  documents: DocumentCache,
  signal: AbortSignal,
): Promise<FoundManifest> {
  const known = reference.digest === undefined ? undefined : await documents.get(reference.digest);
  if (known !== undefined && reference.digest !== undefined) return describe(known, reference.digest);
  const answer = await registry.read(
    {
      method: 'GET',
      path: `/v2/${reference.repository}/manifests/${reference.digest ?? reference.tag ?? 'latest'}`,
      headers: { accept },
      scopes: [pullScope(reference.repository)],
      what: `read ${formatImageReference(reference)}`,
      expect: [200],
    },
    signal,
  );
  const digest = digestOf(answer.body);
  if (reference.digest !== undefined && reference.digest !== digest) throw damaged(registry, reference, digest);
  await documents.put(digest, answer.body);
  return describe(answer.body, digest);
}

/** The OCI's documents may leave their type out: an index is told by what it lists. */
function describe(content: Buffer, digest: string): FoundManifest {
  const text = content.toString('utf8');
  const document = JSON.parse(text) as { readonly mediaType?: string; readonly manifests?: unknown };
  const mediaType = document.mediaType ?? (document.manifests === undefined ? mediaTypes.manifest : mediaTypes.index);
  return { text, mediaType, digest };
}

/** A small blob, such as a configuration. @throws UserError RegistryFailed and those of {@link Registry.send} */
export async function readBlob(
  registry: Registry,
  reference: ImageReference,
  { digest }: Descriptor,
  documents: DocumentCache,
  signal: AbortSignal,
): Promise<Buffer> {
  const known = await documents.get(digest);
  if (known !== undefined) return known;
  const { body } = await registry.read(
    {
      method: 'GET',
      path: `/v2/${reference.repository}/blobs/${digest}`,
      scopes: [pullScope(reference.repository)],
      what: `read the configuration of ${formatImageReference(reference)}`,
      expect: [200],
    },
    signal,
  );
  if (digestOf(body) !== digest) throw damaged(registry, reference, digestOf(body));
  await documents.put(digest, body);
  return body;
}

function choose(reference: ImageReference, index: ImageIndex, platform: Platform): Descriptor {
  const images = imagesIn(index);
  const found = images.find(
    ({ platform: one }) => one.os === platform.os && one.architecture === platform.architecture,
  );
  if (found !== undefined) return found;
  const offered = images.map((image) => formatPlatform(image.platform));
  throw platformMissing(reference, platform, offered);
}

function asManifest(reference: ImageReference, text: string): ImageManifest {
  const manifest = JSON.parse(text) as Partial<ImageManifest>;
  if (manifest.schemaVersion === 2 && manifest.config !== undefined && manifest.layers !== undefined)
    return manifest as ImageManifest;
  throw new UserError(
    'ImageUnsupported',
    `${formatImageReference(reference)} is not an image of schema 2, so nothing can be built on it.`,
    { remedy: { kind: 'hint', label: 'Choose another base image, for example python:3.11-slim.' } },
  );
}

function digestOf(content: Buffer): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

function platformMissing(reference: ImageReference, platform: Platform, offered: readonly string[]): UserError {
  return new UserError(
    'PlatformMissing',
    `The base image ${formatImageReference(reference)} does not exist for ${formatPlatform(platform)}, only for ${offered.join(', ') || 'nothing'}.`,
    { remedy: { kind: 'hint', label: 'Choose another base image with --base, or another platform with --platform.' } },
  );
}

function damaged(registry: Registry, reference: ImageReference, digest: string): UserError {
  return new UserError(
    'RegistryFailed',
    `${registry.host} sent something else than ${formatImageReference(reference)}: its content has the digest ${digest}.`,
    {
      remedy: {
        kind: 'hint',
        label: 'Try again. If it persists, a proxy or the registry itself changes what it sends.',
      },
    },
  );
}
