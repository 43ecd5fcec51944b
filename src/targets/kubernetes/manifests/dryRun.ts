import { createObject, findInList, listObjects, type Manifest } from '../../../clients/kubernetes/change';
import { resourceOf, resources, type KubeObject } from '../../../clients/kubernetes/objects';
import { withinBounds } from '../../../core/autoscale';
import { needsKey } from '../../../core/exposure';
import { inParallel } from '../../../core/parallel';
import type { DeployRequest, ImageContent, ObjectChange } from '../../../core/target';
import { mustBeOurs } from '../change/autoscale';
import { nextRelease, stateOf, usualReplicas, type StateBefore } from '../preflight/beforeDeploy';
import { routeKinds } from './exposure';
import { keyManifest, readKey } from '../reach/key';
import { wantedText } from '../manage/text';
import { secretManifest } from './manifests';
import { ofModel } from '../names';
import type { Place } from '../place';
import { nextVersion, type ReleaseSpec } from '../state/release';
import { objectsOf } from './render';
import type { Subject } from '../subject';
import { applyOurs, mayChange } from '../change/takeOver';
import { unlessUnknown } from '../unlessForbidden';

const atOnce = 4;

/**
 * What a deploy would make of the objects in the cluster, by its own word: all of its admission is asked, and nothing is
 * written. https://kubernetes.io/docs/reference/using-api/api-concepts/#dry-run
 * @throws UserError as the deploy itself
 */
export async function changesOf(
  subject: Subject,
  request: DeployRequest<ImageContent>,
  signal: AbortSignal,
): Promise<readonly ObjectChange[]> {
  const { place, model } = subject;
  const state = await stateOf(subject, signal);
  await mayChange(subject, state.snapshot, signal);
  if (request.autoscale !== undefined) mustBeOurs(state.snapshot, model);
  const spec = await nextRelease(subject, request, state.before, signal);
  const release = { ...spec, version: nextVersion(state.known) };
  const scale = scaleOf(state, request);
  const { namespace } = place;
  const secret = release.hasSecrets ? [secretManifest(release, namespace, request.secrets)] : [];
  const manifests = [...secret, ...(await keyToMake(place, release, signal)), ...objectsOf(release, namespace, scale)];
  const made = await inParallel(manifests, atOnce, (one, abort) => changeOf(place, one, scale.replicas, abort), signal);
  return [...made.flat(), ...(await goneWithout(place, model, manifests, signal))];
}

/** As a deploy decides on it. */
function scaleOf(state: StateBefore, request: DeployRequest<ImageContent>) {
  const { deployment, before } = state;
  const bounds = request.autoscale ?? before.autoscale;
  const now = deployment?.spec.replicas ?? 1;
  const wanted = request.replicas ?? usualReplicas(before, deployment);
  const replicas = bounds === undefined ? wanted : withinBounds(now, bounds);
  return { replicas, autoscale: request.autoscale, guaranteed: bounds?.min ?? replicas };
}

async function changeOf(
  place: Place,
  manifest: Manifest,
  replicas: number,
  signal: AbortSignal,
): Promise<readonly ObjectChange[]> {
  const { name, namespace } = manifest.metadata;
  const address = { resource: resourceOf(manifest.kind), namespace, name };
  const now = await findInList<KubeObject>(place.client, address, signal);
  const answer = await dryRun(place, manifest, signal);
  // The number of replicas is changed apart, since it belongs to whoever scales.
  const then = manifest.kind === 'Deployment' ? withReplicas(answer, replicas) : answer;
  const before = now === undefined ? '' : wantedText(now);
  const after = wantedText(then);
  if (before === after) return [];
  return [{ action: now === undefined ? 'create' : 'update', kind: manifest.kind, name, before, after }];
}

function dryRun(place: Place, manifest: Manifest, signal: AbortSignal): Promise<KubeObject> {
  // Of a release there is always a new one, which is made and never changed.
  if (manifest.kind === 'ConfigMap' || manifest.kind === 'Secret')
    return createObject(place.client, resourceOf(manifest.kind), manifest, signal, true);
  return applyOurs(place, manifest, signal, true);
}

function withReplicas(object: KubeObject, replicas: number): KubeObject {
  const { spec } = object as { readonly spec?: object };
  return { ...object, spec: { ...spec, replicas } } as KubeObject;
}

/** The key of a model that is reached from beyond the cluster, where it has none yet. */
async function keyToMake(
  place: Place,
  { model, image }: ReleaseSpec,
  signal: AbortSignal,
): Promise<readonly Manifest[]> {
  if (!needsKey(image.exposure) || (await readKey(place, model, signal)) !== undefined) return [];
  return [keyManifest(model, place.namespace)];
}

/** Objects of the model that a deploy takes away when it has none of that kind. */
async function goneWithout(
  { client, namespace }: Place,
  model: string,
  manifests: readonly Manifest[],
  signal: AbortSignal,
): Promise<readonly ObjectChange[]> {
  const kinds = [resources.networkPolicies, resources.podDisruptionBudgets, ...routeKinds].filter(
    ({ kind }) => !manifests.some((one) => one.kind === kind),
  );
  const found = await inParallel(
    kinds,
    atOnce,
    async (resource, abort) => {
      const list = listObjects<KubeObject>(client, { resource, namespace }, ofModel(model), abort);
      const objects = await list.catch(unlessUnknown([]));
      const { apiVersion, kind } = resource;
      return objects.map((one): ObjectChange => {
        const before = wantedText({ ...one, apiVersion, kind });
        return { action: 'delete', kind, name: one.metadata.name, before, after: '' };
      });
    },
    signal,
  );
  return found.flat();
}
