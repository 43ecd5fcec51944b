import { servedNames } from '../../../clients/kubernetes/discovery';
import { resources } from '../../../clients/kubernetes/objects';
import {
  checkAutoscale,
  cpuRequestMissing,
  formatAutoscale,
  withinBounds,
  type Autoscale,
} from '../../../core/autoscale';
import { isUserError, UserError } from '../../../core/errors';
import { autoscalerManifest, autoscalerOf, autoscaleState, requestsMetric } from '../manifests/autoscalers';
import { keepBudget } from '../manifests/budget';
import { deleteOurs } from './deleteOurs';
import type { Subject } from '../subject';
import { container, labels, manager, ofModel } from '../names';
import type { Snapshot } from '../objects';
import { patiently } from '../patiently';
import type { Place } from '../place';
import { readSnapshot } from '../state/snapshot';
import { scaleModel } from '../rollout/switchRelease';
import { applyOurs } from './takeOver';

/**
 * Leaves the number of replicas to the cluster, or to people again.
 * @throws UserError AutoscaleInvalid, MetricMissing, CpuRequestMissing, NameTaken
 */
export async function changeAutoscale(
  subject: Subject,
  autoscale: Autoscale | undefined,
  signal: AbortSignal,
): Promise<void> {
  const { place, model } = subject;
  const snapshot = await patiently(() => readSnapshot(place, ofModel(model), signal), signal);
  mustBeOurs(snapshot, model);
  const replicas = snapshot.deployments.find((one) => one.metadata.name === model)?.spec.replicas ?? 1;
  if (autoscale === undefined) {
    await deleteOurs(place, resources.horizontalPodAutoscalers, model, signal);
    return keepBudget(place, model, replicas, signal);
  }
  await checkMetric(place, autoscale, signal);
  if (autoscale.cpu !== undefined) mustRequestCpu(snapshot, model);
  await applyAutoscaler(place, model, autoscale, signal);
  await keepBudget(place, model, autoscale.min, signal);
  const wanted = withinBounds(replicas, autoscale);
  if (replicas > 0 && wanted !== replicas) await scaleModel(place, model, wanted, signal);
}

export async function applyAutoscaler(
  place: Place,
  model: string,
  autoscale: Autoscale,
  signal: AbortSignal,
): Promise<void> {
  const manifest = autoscalerManifest(model, place.namespace, autoscale);
  await applyOurs(place, manifest, signal);
}

/** Two autoscalers of one Deployment do nothing at all. @throws UserError NameTaken */
export function mustBeOurs(snapshot: Snapshot, model: string): void {
  const found = autoscalerOf(snapshot, model);
  const owner = found?.metadata.labels?.[labels.managedBy];
  if (found === undefined || (owner === manager && found.metadata.name === model)) return;
  throw new UserError(
    'NameTaken',
    `${model} is scaled by the HorizontalPodAutoscaler ${found.metadata.name} already, which ${owner ?? 'somebody else'} made.`,
    { remedy: { kind: 'hint', label: 'Delete that one first, or change it where it was made.' } },
  );
}

/** Replicas of a model with an autoscaler are the autoscaler's. @throws UserError Autoscaled */
export function mustNotBeAutoscaled(snapshot: Snapshot, model: string): void {
  const found = autoscalerOf(snapshot, model);
  if (found === undefined) return;
  throw new UserError('Autoscaled', `${model} is scaled automatically: ${formatAutoscale(autoscaleState(found))}.`, {
    remedy: {
      kind: 'hint',
      label: `Change the bounds with slipway autoscale ${model}, or end it with slipway autoscale ${model} --off.`,
    },
  });
}

/** Whether the cluster has a source of the metric: without, an autoscaler does nothing. @throws UserError MetricMissing */
export async function checkMetric(place: Place, autoscale: Autoscale, signal: AbortSignal): Promise<void> {
  checkAutoscale(autoscale);
  const isCpu = autoscale.cpu !== undefined;
  const group = isCpu ? 'metrics.k8s.io' : 'custom.metrics.k8s.io';
  const served = await resourcesOf(place, group, signal);
  if (isCpu ? served?.includes('pods') : served?.includes(`pods/${requestsMetric}`)) return;
  const { name } = place.client.context;
  throw new UserError(
    'MetricMissing',
    isCpu
      ? `${name} does not measure CPU: nothing serves ${group}.`
      : served === undefined
        ? `${name} does not count requests: nothing serves ${group}.`
        : `${name} does not count the requests of models: ${group} has no ${requestsMetric} of pods.`,
    {
      remedy: {
        kind: 'hint',
        label: isCpu
          ? 'Ask who runs the cluster for metrics-server.'
          : `Install Prometheus with prometheus-adapter and a rule that gives rate(slipway_requests_total) as ${requestsMetric}, or scale by CPU.`,
      },
    },
  );
}

/** What an API that is served by an addition to the cluster has; undefined when it is not there or does not answer. */
async function resourcesOf(
  { client }: Place,
  group: string,
  signal: AbortSignal,
): Promise<readonly string[] | undefined> {
  for (const version of ['v1beta1', 'v1beta2']) {
    try {
      return await servedNames(client, `${group}/${version}`, `read what ${group} measures`, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!isUserError(error) || !/^Kubernetes(NotFound|Failed)$/.test(error.code)) throw error;
    }
  }
  return undefined;
}

/** A percentage needs what it is of. A LimitRange may have added it to the pods. @throws UserError CpuRequestMissing */
export function mustRequestCpu({ deployments, pods }: Pick<Snapshot, 'deployments' | 'pods'>, model: string): void {
  const [pod] = pods;
  const deployment = deployments.find((one) => one.metadata.name === model);
  const containers = (pod ?? deployment?.spec.template)?.spec?.containers ?? [];
  if (containers.some((one) => one.name === container && one.resources?.requests?.['cpu'] !== undefined)) return;
  throw cpuRequestMissing(model);
}
