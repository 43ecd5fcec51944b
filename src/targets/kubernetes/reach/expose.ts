import { servedNames } from '../../../clients/kubernetes/discovery';
import { resources, type Resource } from '../../../clients/kubernetes/objects';
import type { Exposure } from '../../../core/exposure';
import { isUserError, UserError } from '../../../core/errors';
import { deleteOurs } from '../change/deleteOurs';
import { routeKinds, routeManifests } from '../manifests/exposure';
import type { Place } from '../place';
import type { ReleaseSpec } from '../state/release';
import { applyOurs } from '../change/takeOver';
import { unlessUnknown } from '../unlessForbidden';

/** Makes what leads to a model beside its Service, and deletes what an earlier release had. */
export async function applyRoutes(
  place: Place,
  release: ReleaseSpec,
  exposure: Exposure | undefined,
  signal: AbortSignal,
): Promise<void> {
  const manifests = routeManifests(release, exposure, place.namespace);
  for (const resource of routeKinds) {
    const manifest = manifests.find(({ kind }) => kind === resource.kind);
    if (manifest === undefined) await deleteRoutes(place, release.model, resource, signal);
    else await applyOurs(place, manifest, signal);
  }
}

/** Deletes what leads to a model beside its Service, of one kind. */
export async function deleteRoutes(
  place: Place,
  model: string,
  resource: Resource,
  signal: AbortSignal,
): Promise<void> {
  await deleteOurs(place, resource, model, signal).catch(unlessUnknown(undefined));
}

/** Whether the cluster knows what the way needs. @throws UserError GatewayApiMissing */
export async function checkRoutes({ client }: Place, exposure: Exposure, signal: AbortSignal): Promise<void> {
  if (exposure.kind !== 'httpRoute') return;
  const { apiVersion, plural } = resources.httpRoutes;
  try {
    if ((await servedNames(client, apiVersion, `read what ${apiVersion} has`, signal)).includes(plural)) return;
  } catch (error) {
    if (!isUserError(error) || error.code !== 'KubernetesNotFound') throw error;
  }
  throw new UserError('GatewayApiMissing', `${client.context.name} has no HTTPRoutes: nothing serves ${apiVersion}.`, {
    remedy: {
      kind: 'hint',
      label: 'Ask who runs the cluster for the Gateway API, or expose the model by an Ingress.',
    },
  });
}
