import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { asDiskError, exists } from '../../clients/files/contentStore';
import { sha256, type BlobSource } from '../../clients/registry/blob';
import { UserError } from '../../core/errors';
import { mediaTypes } from '../../core/oci';
import { paddingOf, tarEnd, tarHeader } from './tar';

/** A manifest or an index, as it is sent and written. */
export interface ImageDocument {
  readonly mediaType: string;
  readonly content: Buffer;
}

/** A whole image, ready to be written. */
export interface ImageArchive {
  /** The one image, or the index of all. */
  readonly top: ImageDocument;
  readonly images: readonly ArchivedImage[];
  /** `iris:slipway`, under which an engine shows it. */
  readonly name: string;
}

interface ArchivedImage extends ImageDocument {
  readonly config: BlobSource;
  /** Base first. */
  readonly layers: readonly BlobSource[];
}

/** Where an image goes that is not pushed. */
export type ImageOutput =
  { readonly kind: 'oci'; readonly path: string } | { readonly kind: 'docker'; readonly path: string };

/**
 * Writes an image as an OCI layout, or as a file for `docker load`, which is an OCI layout in a tar archive with the
 * list that older engines read. It appears under its name when it is complete.
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md
 * @throws UserError OutputExists, DiskFull, ImageDamaged
 */
export async function writeArchive(output: ImageOutput, image: ImageArchive, signal: AbortSignal): Promise<void> {
  const temporary = `${output.path}.${process.pid}.tmp`;
  try {
    if (output.kind === 'oci') await writeLayout(output.path, temporary, image, signal);
    else await writeTar(temporary, image, signal);
    await rename(temporary, output.path);
  } catch (cause) {
    throw asDiskError(cause, output.path);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function writeLayout(folder: string, temporary: string, image: ImageArchive, signal: AbortSignal): Promise<void> {
  if ((await exists(folder)) && (await readdir(folder)).length > 0) throw outputExists(folder);
  await mkdir(path.join(temporary, 'blobs', 'sha256'), { recursive: true });
  for (const { name, blob } of blobsOf(image))
    await pipeline(checked(blob, signal), createWriteStream(path.join(temporary, name)), { signal });
  for (const [name, content] of documentsOf(image)) await writeFile(path.join(temporary, name), content);
}

export function outputExists(folder: string): UserError {
  return new UserError('OutputExists', `The folder ${folder} is not empty, so nothing is written into it.`, {
    remedy: { kind: 'hint', label: 'Name a folder that does not exist yet.' },
  });
}

async function writeTar(file: string, image: ImageArchive, signal: AbortSignal): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  await pipeline(tarOf(image, signal), createWriteStream(file), { signal });
}

async function* tarOf(image: ImageArchive, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  for (const folder of ['blobs', 'blobs/sha256']) yield tarHeader({ kind: 'folder', path: folder });
  for (const { name, blob } of blobsOf(image)) {
    yield tarHeader({ kind: 'file', path: name, size: blob.size, executable: false });
    yield* checked(blob, signal);
    yield Buffer.alloc(paddingOf(blob.size));
  }
  for (const [name, content] of [...documentsOf(image), ['manifest.json', dockerList(image)] as const]) {
    yield tarHeader({ kind: 'file', path: name, size: content.length, executable: false });
    yield Buffer.concat([content, Buffer.alloc(paddingOf(content.length))]);
  }
  yield tarEnd;
}

function blobsOf({ images }: ImageArchive): readonly { readonly name: string; readonly blob: BlobSource }[] {
  const blobs = images.flatMap(({ layers, config }) => [...layers, config]);
  const unique = new Map(blobs.map((blob) => [blob.digest, blob]));
  return [...unique.values()].map((blob) => ({ name: blobName(blob.digest), blob }));
}

function documentsOf({ top, images, name }: ImageArchive): readonly (readonly [string, Buffer])[] {
  const annotations = {
    'io.containerd.image.name': `docker.io/library/${name}`,
    'org.opencontainers.image.ref.name': name.slice(name.indexOf(':') + 1),
  };
  const { mediaType, content } = top;
  const index = {
    schemaVersion: 2,
    mediaType: mediaTypes.index,
    manifests: [{ mediaType, digest: sha256(content), size: content.length, annotations }],
  };
  const documents = new Map([...images, top].map((one) => [blobName(sha256(one.content)), one.content]));
  return [
    ...documents,
    ['index.json', Buffer.from(JSON.stringify(index))],
    ['oci-layout', Buffer.from(JSON.stringify({ imageLayoutVersion: '1.0.0' }))],
  ];
}

/** @see https://github.com/moby/docker-image-spec/blob/v1.3.1/spec.md#combined-image-json--filesystem-changeset-format */
function dockerList({ images, name }: ImageArchive): Buffer {
  const list = images.map(({ config, layers }) => ({
    Config: blobName(config.digest),
    RepoTags: [name],
    Layers: layers.map((layer) => blobName(layer.digest)),
  }));
  return Buffer.from(JSON.stringify(list));
}

function blobName(digest: string): string {
  return `blobs/${digest.replace(':', '/')}`;
}

async function* checked(blob: BlobSource, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  for await (const chunk of blob.open(0, blob.size, signal)) {
    hash.update(chunk);
    yield chunk;
  }
  if (`sha256:${hash.digest('hex')}` === blob.digest) return;
  throw new UserError('ImageDamaged', `The layer ${blob.digest} arrived with other content than its digest says.`, {
    remedy: { kind: 'hint', label: 'Try again. If it persists, push the base image again or choose another one.' },
  });
}
