import type { DeployedModel, Phase, Reason, Worker } from '../../../core/deployment';
import type { Release } from '../../../core/release';
import { autoscalerOf, autoscaleState } from '../manifests/autoscalers';
import { phaseOf, refusalOf, troubleOf } from '../rollout/cause';
import { annotations, labels } from '../names';
import { isPodReady, type Deployment, type Pod, type Service, type Snapshot } from '../objects';
import { parseReleases, type StoredRelease } from './release';

/** The models of a namespace, sorted by name. */
export function modelsIn(snapshot: Snapshot, targetId: string): readonly DeployedModel[] {
  return snapshot.deployments
    .map((deployment) => modelOf(deployment, snapshot, targetId))
    .sort((left, right) => left.name.localeCompare(right.name));
}

/** One model of a snapshot. */
export function findModel(snapshot: Snapshot, name: string, targetId: string): DeployedModel | undefined {
  return modelsIn(snapshot, targetId).find((model) => model.name === name);
}

function modelOf(deployment: Deployment, snapshot: Snapshot, targetId: string): DeployedModel {
  const name = modelName(deployment);
  const pods = snapshot.pods.filter((pod) => modelName(pod) === name && pod.metadata.deletionTimestamp === undefined);
  const releases = releasesOf(snapshot, name);
  const wanted = releaseOf(deployment);
  const desired = deployment.spec.replicas ?? 1;
  const ready = pods.filter(isPodReady);
  const current = releases.find((one) => one.spec.version === wanted);
  const version = answering(wanted, ready, current);
  const isMoving = desired > 0 && version !== wanted;
  const reason = desired === 0 ? current?.failure : reasonFor(deployment, pods, wanted);
  const facts = { desired, ready: ready.length, hasPods: pods.length > 0, isMoving, reason, failed: isFailed(current) };
  return {
    name,
    targetId,
    phase: phaseFor(facts),
    version,
    endpoint: ready.length > 0 ? endpointOf(snapshot, name) : undefined,
    endpointIsInside: true,
    ...(current?.spec.image.exposure === undefined ? {} : { exposure: current.spec.image.exposure }),
    replicas: { desired, ready: ready.length },
    workers: workersOf(pods),
    releases: releases.filter((one) => isTold(one, version)).map((one) => toRelease(one, version)),
    reason,
    rollout: isMoving && ready.length > 0 ? { version: wanted, step: stepOf(pods, wanted) } : undefined,
    peakMemory: undefined,
    updatedAt: undefined,
    ...needOf(releases, version),
    ...autoscaleOf(snapshot, name),
  };
}

function isFailed(release: StoredRelease | undefined): boolean {
  return release?.outcome === 'failed';
}

/** A release that is on its way, or whose deploy died, is none to choose. */
function isTold({ outcome, spec }: StoredRelease, active: number | undefined): boolean {
  return outcome !== undefined || spec.version === active;
}

function autoscaleOf(snapshot: Snapshot, name: string): Pick<DeployedModel, 'autoscale'> {
  const found = autoscalerOf(snapshot, name);
  return found === undefined ? {} : { autoscale: autoscaleState(found) };
}

function needOf(releases: readonly StoredRelease[], version: number | undefined): Pick<DeployedModel, 'resources'> {
  const resources = releases.find((one) => one.spec.version === version)?.spec.provenance.resources;
  return resources === undefined ? {} : { resources };
}

/** Address of the model's Service for whatever runs in the cluster. */
function endpointOf({ services }: Snapshot, model: string): string | undefined {
  const service = services.find((one) => modelName(one) === model);
  return service === undefined ? undefined : insideUrl(service);
}

function insideUrl({ metadata: { name, namespace = '' }, spec }: Service): string {
  const port = spec?.ports?.[0]?.port ?? 80;
  return `http://${name}.${namespace}.svc${port === 80 ? '' : `:${String(port)}`}`;
}

export function modelName(object: Deployment | Pod | Service): string {
  return object.metadata.labels?.[labels.model] ?? object.metadata.name;
}

export function releaseOf(object: Deployment | Pod): number {
  return Number(object.metadata.labels?.[labels.release] ?? 0);
}

export function releasesOf(snapshot: Snapshot, name: string): readonly StoredRelease[] {
  return parseReleases(snapshot.releases).filter((one) => one.spec.model === name);
}

/** The release that a Deployment runs, or is to run. */
export function runBy(deployment: Deployment | undefined, known: readonly StoredRelease[]): StoredRelease | undefined {
  return deployment && known.find((one) => one.spec.version === releaseOf(deployment));
}

/** While two releases answer, it is the older one: the newer one may still go. Undefined before any release answered. */
function answering(wanted: number, ready: readonly Pod[], current: StoredRelease | undefined): number | undefined {
  const versions = ready.map(releaseOf);
  if (current?.outcome === 'ready') return wanted;
  const other = versions.find((version) => version !== wanted);
  return other ?? (versions.length > 0 ? wanted : undefined);
}

interface PhaseFacts {
  readonly desired: number;
  readonly ready: number;
  readonly hasPods: boolean;
  readonly isMoving: boolean;
  readonly failed: boolean;
  readonly reason: Reason | undefined;
}

function phaseFor({ desired, ready, hasPods, isMoving, failed, reason }: PhaseFacts): Phase {
  if (desired === 0) return failed ? 'Failed' : 'Stopped';
  if (ready > 0 && (isMoving || ready >= desired)) return 'Ready';
  if (ready === 0 && reason !== undefined) return 'Failed';
  return hasPods ? 'Progressing' : 'Pending';
}

/** The first cause: of the newest release, and of no pod before that of there being none. */
function reasonFor(deployment: Deployment, pods: readonly Pod[], wanted: number): Reason | undefined {
  const refused = refusalOf(deployment);
  if (refused !== undefined) return refused;
  for (const pod of pods) {
    const trouble = releaseOf(pod) === wanted ? troubleOf(pod) : undefined;
    if (trouble !== undefined) return trouble.reason;
  }
  return undefined;
}

function stepOf(pods: readonly Pod[], version: number): string {
  const phases = pods.filter((pod) => releaseOf(pod) === version).map(phaseOf);
  return phases.find((phase) => phase !== 'ready') ?? phases[0] ?? 'scheduling';
}

function workersOf(pods: readonly Pod[]): readonly Worker[] {
  return pods
    .toSorted((left, right) => left.metadata.creationTimestamp.localeCompare(right.metadata.creationTimestamp))
    .map((pod, index) => {
      const [container] = pod.status?.containerStatuses ?? [];
      return {
        index,
        name: pod.metadata.name,
        pid: undefined,
        version: releaseOf(pod),
        phase: workerPhase(pod),
        restarts: container?.restartCount ?? 0,
        startedAt: pod.status?.startTime ?? pod.metadata.creationTimestamp,
        memory: undefined,
      };
    });
}

function workerPhase(pod: Pod): Worker['phase'] {
  if (isPodReady(pod)) return 'Ready';
  return troubleOf(pod)?.isFinal === true ? 'CrashLoop' : 'Starting';
}

function toRelease({ spec, outcome, failure }: StoredRelease, active: number | undefined): Release {
  const { createdAt, digest, resources } = spec.provenance;
  const status = outcome === 'failed' ? 'failed' : spec.version === active ? 'active' : 'superseded';
  return {
    version: spec.version,
    createdAt,
    digest,
    status,
    ...(resources === undefined ? {} : { resources }),
    ...(failure === undefined ? {} : { reason: failure.message }),
  };
}

/** How many replicas a stopped model had. */
export function rememberedReplicas(deployment: Deployment): number {
  return Math.max(1, Number(deployment.metadata.annotations?.[annotations.replicas] ?? 1));
}
