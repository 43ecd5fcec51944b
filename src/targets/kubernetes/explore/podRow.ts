import type { Amounts, ContainerState, PodRow } from '../../../core/cluster';
import { quantity } from '../../../core/quantity';
import type { KubeMetadata, KubeObject } from '../../../clients/kubernetes';
import { inertText } from '../../../core/inertText';

/** What the rows need of a pod. */
export interface Pod extends KubeObject {
  readonly spec: {
    readonly nodeName?: string;
    readonly containers: readonly PodContainer[];
    readonly initContainers?: readonly PodContainer[];
    readonly ephemeralContainers?: readonly PodContainer[];
  };
  readonly status?: PodStatus;
}

interface PodStatus {
  readonly phase?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly conditions?: readonly PodCondition[];
  readonly containerStatuses?: readonly ContainerStatus[];
  readonly initContainerStatuses?: readonly ContainerStatus[];
  readonly ephemeralContainerStatuses?: readonly ContainerStatus[];
}

interface PodContainer {
  readonly name: string;
  readonly image: string;
  readonly restartPolicy?: string;
  readonly resources?: { readonly requests?: Readonly<Record<string, string>> };
}

interface PodCondition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

interface ContainerStatus {
  readonly name: string;
  readonly ready: boolean;
  readonly started?: boolean;
  readonly restartCount: number;
  readonly state?: ContainerPhase;
  readonly lastState?: ContainerPhase;
}

interface ContainerPhase {
  readonly waiting?: { readonly reason?: string; readonly message?: string };
  readonly running?: { readonly startedAt?: string };
  readonly terminated?: {
    readonly reason?: string;
    readonly message?: string;
    readonly exitCode: number;
    readonly signal?: number;
  };
}

/** Reasons to wait that are a step on the way, not a failure. */
const onItsWay: ReadonlySet<string> = new Set(['ContainerCreating', 'PodInitializing', '']);

export function podRow(object: KubeObject): PodRow {
  const pod = object as Pod;
  const { metadata, spec } = pod;
  const containers = containersOf(pod);
  const main = containers.filter(({ role }) => role === 'main');
  const summary = summarize(pod, containers);
  return {
    kind: 'pod',
    id: metadata.uid,
    name: metadata.name,
    ref: podRef(metadata),
    namespace: metadata.namespace ?? '',
    ...summary,
    ready: main.filter(({ ready }) => ready).length,
    containers,
    restarts: containers.reduce((sum, one) => sum + one.restarts, 0),
    node: spec.nodeName,
    requests: requestsOf(pod),
  };
}

function podRef({ name, namespace, uid }: KubeMetadata): NonNullable<PodRow['ref']> {
  return { apiVersion: 'v1', kind: 'Pod', plural: 'pods', namespace: namespace ?? '', name, uid };
}

function containersOf({ spec, status }: Pod): readonly ContainerState[] {
  const statuses = [
    ...(status?.initContainerStatuses ?? []),
    ...(status?.containerStatuses ?? []),
    ...(status?.ephemeralContainerStatuses ?? []),
  ];
  const states = (list: readonly PodContainer[] | undefined, role: ContainerState['role']): readonly ContainerState[] =>
    (list ?? []).map((container) =>
      containerState(
        container,
        role,
        statuses.find(({ name }) => name === container.name),
      ),
    );
  return [
    ...states(spec.initContainers, 'init'),
    ...states(spec.containers, 'main'),
    ...states(spec.ephemeralContainers, 'ephemeral'),
  ];
}

function containerState(
  { name, image }: PodContainer,
  role: ContainerState['role'],
  status: ContainerStatus | undefined,
): ContainerState {
  const { ready = false, restartCount: restarts = 0 } = status ?? {};
  return { name, role, image, ready, restarts, ...stateOf(status, role !== 'main' || ready) };
}

type State = Pick<ContainerState, 'status' | 'state' | 'message'>;

function stateOf(status: ContainerStatus | undefined, isAsItShould: boolean): State {
  const { waiting, running, terminated } = status?.state ?? {};
  if (terminated !== undefined) return endOf(terminated);
  if (running !== undefined)
    return withMessage({ status: 'Running', state: isAsItShould ? 'ok' : 'progressing' }, lastEnd(status));
  return waitingState(waiting ?? {}, lastEnd(status));
}

function waitingState(
  { reason = '', message }: NonNullable<ContainerPhase['waiting']>,
  last: string | undefined,
): State {
  const state = onItsWay.has(reason) ? 'progressing' : 'failed';
  return withMessage({ status: reason || 'Waiting', state }, message ?? last);
}

function endOf({ exitCode, reason, message }: NonNullable<ContainerPhase['terminated']>): State {
  if (exitCode === 0) return withMessage({ status: reason ?? 'Completed', state: 'done' }, message);
  const words = [`exit code ${exitCode}`, ...(message === undefined ? [] : [message])].join(': ');
  return withMessage({ status: reason ?? 'Error', state: 'failed' }, words);
}

function withMessage(state: State, message: string | undefined): State {
  return message === undefined || message === '' ? state : { ...state, message: inertText(message) };
}

/** How it ended the last time, for a container that runs again or waits to. */
function lastEnd(status: ContainerStatus | undefined): string | undefined {
  const last = status?.lastState?.terminated;
  return last === undefined ? undefined : `last: ${last.reason ?? 'ended'}, exit code ${last.exitCode}`;
}

type Summary = Pick<PodRow, 'status' | 'state' | 'reason'>;

/** The one word that kubectl shows, and the first cause when it is not ready. */
function summarize(pod: Pod, all: readonly ContainerState[]): Summary {
  const { metadata, status = {} } = pod;
  if (metadata.deletionTimestamp !== undefined)
    return withReason({ status: 'Terminating', state: 'progressing' }, disruptionOf(status));
  if (status.phase === 'Succeeded') return { status: 'Completed', state: 'done' };
  const containers = all.filter(({ role }) => role !== 'ephemeral');
  return unscheduled(status) ?? broken(status, containers) ?? starting(status, containers);
}

/** Why the cluster ends it, where nobody asked for that. */
function disruptionOf({ conditions = [] }: PodStatus): string | undefined {
  return conditions.find(({ type, status }) => type === 'DisruptionTarget' && status === 'True')?.message;
}

/** The status of a pod that no node takes. */
export const unschedulable = 'Unschedulable';

function unscheduled({ conditions = [] }: PodStatus): Summary | undefined {
  const found = conditions.find(({ type, status }) => type === 'PodScheduled' && status === 'False');
  if (found === undefined) return undefined;
  return withReason({ status: found.reason ?? 'Pending', state: 'progressing' }, found.message);
}

function broken(status: PodStatus, containers: readonly ContainerState[]): Summary | undefined {
  // The node ended the pod: how its containers ended then is a consequence.
  if (status.phase === 'Failed' && status.reason !== undefined)
    return withReason({ status: status.reason, state: 'failed' }, status.message);
  const found = containers.find(({ state }) => state === 'failed');
  if (found !== undefined)
    return withReason({ status: found.status, state: 'failed' }, `${found.name}: ${found.message ?? found.status}`);
  if (status.phase !== 'Failed') return undefined;
  return withReason({ status: 'Failed', state: 'failed' }, status.message);
}

function starting(status: PodStatus, containers: readonly ContainerState[]): Summary {
  const found = containers.find(({ state }) => state === 'progressing');
  if (found === undefined) return settled(status);
  if (found.status !== 'Running') return withReason({ status: found.status, state: 'progressing' }, found.message);
  return withReason({ status: 'NotReady', state: 'progressing' }, unreadiness(status)?.message);
}

function unreadiness({ conditions = [] }: PodStatus): PodCondition | undefined {
  return conditions.find(({ type, status }) => type === 'Ready' && status === 'False');
}

/** Its containers are as they should, and yet the cluster may not take it for ready: without a word when its node is silent. */
function settled(status: PodStatus): Summary {
  const { phase = 'Pending' } = status;
  if (phase !== 'Running') return { status: phase, state: 'progressing' };
  const unready = unreadiness(status);
  if (unready === undefined) return { status: phase, state: 'ok' };
  return withReason({ status: 'NotReady', state: 'progressing' }, unready.message ?? 'its node is not heard of');
}

function withReason(summary: Summary, reason: string | undefined): Summary {
  return reason === undefined || reason === '' ? summary : { ...summary, reason: inertText(reason) };
}

/** Init containers run one after another, so the largest counts; sidecars among them run beside the others. */
function requestsOf({ spec }: Pod): Amounts {
  const main = sum(spec.containers.map(requests));
  const init = (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy !== 'Always').map(requests);
  const sidecars = (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always').map(requests);
  return init.reduce(most, sum([main, ...sidecars]));
}

function requests({ resources }: PodContainer): Amounts {
  return amounts(resources?.requests);
}

/** Everything with a slash is a device, huge pages and attachable volumes apart. */
export function amounts(list: Readonly<Record<string, string>> | undefined): Amounts {
  const devices = Object.entries(list ?? {}).filter(
    ([name]) => name.includes('/') && !/^(requests|attachable-volumes|hugepages)/.test(name),
  );
  return {
    cpu: quantity(list?.['cpu']),
    memory: quantity(list?.['memory']),
    devices: Object.fromEntries(devices.map(([name, value]) => [name, quantity(value)])),
  };
}

export function sum(all: readonly Amounts[]): Amounts {
  return all.reduce((left, right) => combine(left, right, (one, other) => one + other), amounts(undefined));
}

function most(left: Amounts, right: Amounts): Amounts {
  return combine(left, right, Math.max);
}

function combine(left: Amounts, right: Amounts, how: (one: number, other: number) => number): Amounts {
  const names = new Set([...Object.keys(left.devices), ...Object.keys(right.devices)]);
  return {
    cpu: how(left.cpu, right.cpu),
    memory: how(left.memory, right.memory),
    devices: Object.fromEntries(
      [...names].map((name) => [name, how(left.devices[name] ?? 0, right.devices[name] ?? 0)]),
    ),
  };
}
