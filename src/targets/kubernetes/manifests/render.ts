import type { Manifest } from '../../../clients/kubernetes/change';
import { resources } from '../../../clients/kubernetes/objects';
import type { Autoscale } from '../../../core/autoscale';
import { UserError } from '../../../core/errors';
import type { DeployRequest, ImageContent } from '../../../core/target';
import { routeManifests } from './exposure';
import { autoscalerManifest, autoscalerOf, autoscaleState } from './autoscalers';
import { budgetManifest } from './budget';
import { releaseManifests } from './manifests';
import { labels, manager, ofModel } from '../names';
import { networkPolicies } from './networkPolicy';
import { patiently } from '../patiently';
import { releaseObject, type ReleaseSpec } from '../state/release';
import { readSnapshot } from '../state/snapshot';
import { releasesOf, rememberedReplicas, runBy } from '../state/state';
import type { Subject } from '../subject';
import { servicePort } from '../preflight/beforeDeploy';

/** What a deploy of a first release would make, without asking the cluster. Values of secrets are none of it. */
export function renderRequest({ model, place }: Subject, request: DeployRequest<ImageContent>): readonly Manifest[] {
  const release: ReleaseSpec = {
    schema: 1,
    model,
    image: request.content,
    provenance: request.provenance,
    port: request.port ?? servicePort,
    readyTimeoutSeconds: request.readyTimeoutSeconds,
    hasSecrets: Object.keys(request.secrets).length > 0,
    pullSecrets: [],
    version: 1,
  };
  return renderRelease(release, place.namespace, { replicas: request.replicas ?? 1, autoscale: request.autoscale });
}

/** The objects of the release that a model has. @throws UserError ModelNotFound */
export async function exportModel({ place, model }: Subject, signal: AbortSignal): Promise<readonly Manifest[]> {
  const snapshot = await patiently(() => readSnapshot(place, ofModel(model), signal), signal);
  const deployment = snapshot.deployments.find((one) => one.metadata.name === model);
  const release = runBy(deployment, releasesOf(snapshot, model));
  if (deployment === undefined || release === undefined)
    throw new UserError('ModelNotFound', `There is no release of ${model} in ${place.namespace}.`);
  const autoscaler = autoscalerOf(snapshot, model);
  const isOurs = autoscaler?.metadata.labels?.[labels.managedBy] === manager;
  return renderRelease(release.spec, place.namespace, {
    replicas: deployment.spec.replicas === 0 ? rememberedReplicas(deployment) : (deployment.spec.replicas ?? 1),
    autoscale: isOurs ? autoscaleState(autoscaler) : undefined,
  });
}

interface Scale {
  readonly replicas: number;
  readonly autoscale: Autoscale | undefined;
}

/** Whoever applies files has nothing else that sets the number of replicas, where no autoscaler does. */
function renderRelease(release: ReleaseSpec, namespace: string, { replicas, autoscale }: Scale): readonly Manifest[] {
  const guaranteed = autoscale?.min ?? replicas;
  return objectsOf(release, namespace, { autoscale, guaranteed }).map((one) =>
    one.kind === resources.deployments.kind && autoscale === undefined
      ? { ...one, spec: { replicas, ...(one['spec'] as object) } }
      : one,
  );
}

/** All objects of a release but the values of secrets. @param guaranteed how many replicas there are at least */
export function objectsOf(
  release: ReleaseSpec,
  namespace: string,
  { autoscale, guaranteed }: { readonly autoscale: Autoscale | undefined; readonly guaranteed: number },
): readonly Manifest[] {
  const { model } = release;
  return [
    releaseObject(release, namespace),
    ...releaseManifests(release, namespace),
    ...networkPolicies(release, namespace),
    ...routeManifests(release, release.image.exposure, namespace),
    ...(autoscale === undefined ? [] : [autoscalerManifest(model, namespace, autoscale)]),
    ...(guaranteed > 1 ? [budgetManifest(model, namespace)] : []),
  ];
}
