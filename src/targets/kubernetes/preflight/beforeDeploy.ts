import type { Autoscale } from '../../../core/autoscale';
import { parseImageReference } from '../../../core/image';
import type { DeployRequest, ImageContent } from '../../../core/target';
import { autoscalerOf, autoscaleState } from '../manifests/autoscalers';
import { goodRelease } from '../change/halfMade';
import { ofModel } from '../names';
import type { Deployment, Snapshot } from '../objects';
import { patiently } from '../patiently';
import { pullSecretsOf } from './pullSecrets';
import type { ReleaseSpec, StoredRelease } from '../state/release';
import { readSnapshot } from '../state/snapshot';
import { releasesOf, rememberedReplicas, runBy } from '../state/state';
import type { Subject } from '../subject';

export const servicePort = 80;

/** What was there before a change, and what is gone back to when it fails. */
export interface Before {
  readonly release: ReleaseSpec | undefined;
  readonly replicas: number;
  /** Whoever scales automatically is left to it. */
  readonly autoscale: Autoscale | undefined;
}

/** A model as it is before it is deployed. */
export interface StateBefore {
  readonly known: readonly StoredRelease[];
  readonly deployment: Deployment | undefined;
  readonly before: Before;
  readonly snapshot: Snapshot;
}

export async function stateOf({ place, model }: Subject, signal: AbortSignal): Promise<StateBefore> {
  const snapshot = await patiently(() => readSnapshot(place, ofModel(model), signal), signal);
  const deployment = snapshot.deployments.find((one) => one.metadata.name === model);
  const known = releasesOf(snapshot, model);
  const current = runBy(deployment, known);
  const autoscaler = autoscalerOf(snapshot, model);
  const before: Before = {
    release: goodRelease(known, current, deployment),
    replicas: deployment?.spec.replicas ?? 0,
    autoscale: autoscaler && autoscaleState(autoscaler),
  };
  return { known, deployment, before, snapshot };
}

/** What a deploy makes, but for its number. */
export async function nextRelease(
  { place, model }: Subject,
  request: DeployRequest<ImageContent>,
  { release: last }: Before,
  signal: AbortSignal,
): Promise<Omit<ReleaseSpec, 'version'>> {
  const { registry } = parseImageReference(request.content.image);
  return {
    schema: 1,
    model,
    image: request.content,
    provenance: request.provenance,
    port: request.port ?? last?.port ?? servicePort,
    readyTimeoutSeconds: request.readyTimeoutSeconds,
    hasSecrets: Object.keys(request.secrets).length > 0,
    pullSecrets: await patiently(() => pullSecretsOf(place, registry, signal), signal),
  };
}

/** How many there are without anybody saying so. */
export function usualReplicas({ replicas }: Before, deployment: Deployment | undefined): number {
  if (replicas > 0) return replicas;
  return deployment === undefined ? 1 : rememberedReplicas(deployment);
}
