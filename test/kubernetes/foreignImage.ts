import { memoryBlob } from '../../src/build/image/blobs';
import { sha256 } from '../../src/clients/registry/blob';
import { Registry } from '../../src/clients/registry/connection';
import { readManifest } from '../../src/clients/registry/pull';
import { pushBlob, putManifest } from '../../src/clients/registry/push';
import { formatImageReference, parseImageReference, type ImageReference } from '../../src/core/image';
import { mediaTypes } from '../../src/core/oci';

const { signal } = new AbortController();

/** Pushes an image for a processor that no node of a test has. @returns it by digest */
export async function pushForeign(host: string, repository = 'foreign/model'): Promise<string> {
  const registry = new Registry(host, { insecure: true });
  const config = Buffer.from(
    JSON.stringify({ architecture: 's390x', os: 'linux', config: {}, rootfs: { type: 'layers', diff_ids: [] } }),
  );
  await pushBlob(registry, { repository, blob: memoryBlob(sha256(config), config) }, signal);
  const content = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.manifest,
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: sha256(config), size: config.length },
      layers: [],
    }),
  );
  await putManifest(registry, repository, 'v1', { mediaType: mediaTypes.manifest, content }, signal);
  return `${host}/${repository}@${sha256(content)}`;
}

/** Pushes an index of an image for the nodes of a test and of one for others. @returns it by digest */
export async function pushForSeveral(image: string): Promise<string> {
  const own = parseImageReference(image);
  const foreign = parseImageReference(await pushForeign(own.registry, own.repository));
  const registry = new Registry(own.registry, { insecure: true });
  const described = async (reference: ImageReference, architecture: string): Promise<object> => {
    const { text, digest, mediaType } = await readManifest(registry, reference, noDocuments, signal);
    return { mediaType, digest, size: Buffer.byteLength(text), platform: { os: 'linux', architecture } };
  };
  const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';
  const manifests = [await described(foreign, 's390x'), await described(own, architecture)];
  const content = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.index, manifests }));
  await putManifest(registry, own.repository, 'several', { mediaType: mediaTypes.index, content }, signal);
  return formatImageReference({ ...own, digest: sha256(content) });
}

const noDocuments = { get: () => Promise.resolve(undefined), put: () => Promise.resolve() };
