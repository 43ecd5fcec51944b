import { memoryBlob } from '../../src/build/image/blobs';
import { sha256 } from '../../src/clients/registry/blob';
import { Registry } from '../../src/clients/registry/connection';
import { pushBlob, putManifest } from '../../src/clients/registry/push';
import { mediaTypes } from '../../src/core/oci';

/** Pushes an image for a processor that no node of a test has. @returns it by digest */
export async function pushForeign(host: string): Promise<string> {
  const { signal } = new AbortController();
  const registry = new Registry(host, { insecure: true });
  const repository = 'foreign/model';
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
