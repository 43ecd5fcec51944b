import { deleteManifest, readSummary } from '../clients/registry/browse';
import { UserError } from '../core/errors';
import { Registries } from './imageBase';
import { forgetPush } from './pushedImages';
import type { Services } from './services';

export interface DeleteTagRequest {
  readonly registry: string;
  readonly repository: string;
  readonly tag: string;
  /** The image that the tag named when the user saw it. */
  readonly digest: string;
  readonly insecure: readonly string[];
  /** Asked where the registry cannot delete a tag alone: the image goes with all of its tags. */
  readonly confirmImage: (signal: AbortSignal) => Promise<boolean>;
}

/**
 * Deletes a tag, or the image with all of its tags where the registry can do only that.
 * @returns false when the user did not want the latter
 * @throws UserError TagMoved, DeleteRefused and those of the registry
 */
export async function deleteTag(services: Services, request: DeleteTagRequest, signal: AbortSignal): Promise<boolean> {
  const { registry: host, repository, tag, digest } = request;
  const registry = new Registries(request.insecure, services.credentials).get(host);
  const nothingKept = { get: () => Promise.resolve(undefined), put: () => Promise.resolve() };
  const now = await readSummary(registry, { registry: host, repository, tag }, nothingKept, signal);
  if (now.digest !== digest) throw tagMoved(request);
  if (!(await deleteManifest(registry, repository, tag, signal))) {
    if (!(await request.confirmImage(signal))) return false;
    if (!(await deleteManifest(registry, repository, digest, signal))) throw refused(request);
  }
  await forgetPush(services.home, request);
  return true;
}

function tagMoved({ tag }: DeleteTagRequest): UserError {
  return new UserError('TagMoved', `The tag ${tag} names another image by now, so it was not deleted.`, {
    remedy: { kind: 'hint', label: 'Refresh, look at what it names, and delete it then.' },
  });
}

function refused({ registry, repository }: DeleteTagRequest): UserError {
  return new UserError('DeleteRefused', `${registry} does not delete images of ${repository}.`, {
    remedy: {
      kind: 'hint',
      label: `Delete it where ${registry} is administered. Some registries allow it only after a setting was changed.`,
    },
  });
}
