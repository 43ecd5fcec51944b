import { UserError } from '../../core/errors';
import { hasBlob, pushScopes, type BlobPush, type PushedBlob } from './blob';
import type { Registry } from './connection';
import { Upload } from './upload';

/**
 * Makes sure that a repository holds a blob: nothing when it does, a mount when a neighbour does, an upload otherwise.
 * A dropped connection resumes where the registry stands, or starts over where it has forgotten.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-blobs
 * @throws UserError UploadFailed and those of {@link Registry.send}
 */
export async function pushBlob(registry: Registry, push: BlobPush, signal: AbortSignal): Promise<PushedBlob> {
  if (push.isNew !== true && (await hasBlob(registry, push.repository, push.blob.digest, signal))) return 'exists';
  return new Upload(registry, push).run(signal);
}

/**
 * Puts a manifest, which makes the image exist: everything that it names must be there.
 * @param reference a tag, or the manifest's digest
 * @returns false when the registry misses a blob that the manifest names
 */
export async function putManifest(
  registry: Registry,
  repository: string,
  reference: string,
  manifest: { readonly mediaType: string; readonly content: Buffer },
  signal: AbortSignal,
): Promise<boolean> {
  const answer = await registry.read(
    {
      method: 'PUT',
      path: `/v2/${repository}/manifests/${reference}`,
      headers: { 'content-type': manifest.mediaType },
      body: () => manifest.content,
      scopes: pushScopes(repository),
      what: `push to ${repository}`,
      expect: [201, 202, 400, 404],
    },
    signal,
  );
  if (answer.status < 300) return true;
  const text = answer.body.toString('utf8');
  if (text.includes('BLOB_UNKNOWN')) return false;
  throw new UserError('ManifestRefused', `${registry.host} refuses the manifest of the image: ${text.slice(0, 300)}`, {
    remedy: { kind: 'hint', label: 'Check that the registry takes images of the OCI format.' },
  });
}
