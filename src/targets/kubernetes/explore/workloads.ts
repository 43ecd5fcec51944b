import { isUserError } from '../../../core/errors';
import type { ClusterRow, ClusterRows, NamespaceRow, PodRow, SectionRow, WorkloadRow } from '../../../core/cluster';
import { inertText } from '../../../core/inertText';
import { latest } from '../../../core/latest';
import {
  resourcePath,
  resources,
  watchList,
  type KubeObject,
  type Resource,
  type Watched,
} from '../../../clients/kubernetes';
import { paceMs, poll, rowsOf, type Explorer } from './explorer';
import { readUse } from './metrics';
import { forbidden } from './namespaces';
import { useKeeper } from './nodes';
import { podRow } from './podRow';
import { selectorText, type LabelSelector } from './selector';
import { sortedByName } from './sorted';

interface Workload extends KubeObject {
  readonly spec?: {
    readonly replicas?: number;
    readonly completions?: number;
    readonly parallelism?: number;
    readonly selector?: LabelSelector;
  };
  readonly status?: {
    readonly readyReplicas?: number;
    readonly desiredNumberScheduled?: number;
    readonly numberReady?: number;
    readonly succeeded?: number;
    readonly active?: number;
    readonly conditions?: readonly Condition[];
  };
}

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly message?: string;
}

/** The kinds that are shown under a namespace. To add one: a line here, and one in `readiness`. */
const kinds = {
  deployments: resources.deployments,
  statefulSets: resources.statefulSets,
  daemonSets: resources.daemonSets,
  jobs: resources.jobs,
} satisfies Record<string, Resource>;

/** The workloads of a namespace, then all its pods under a heading. */
export async function* watchWorkloads(
  explorer: Explorer,
  namespace: NamespaceRow,
  signal: AbortSignal,
): AsyncGenerator<ClusterRows> {
  const denied = new Set<string>();
  const open = (inner: AbortSignal) =>
    Object.fromEntries(
      Object.entries(kinds).map(([name, resource]) => [
        name,
        watchKind(explorer, resource, namespace.name, denied, inner),
      ]),
    );
  const arrange = sortedByName<WorkloadRow>();
  for await (const watched of latest(open, paceMs, signal)) {
    const lists = Object.values(watched).filter((one) => one !== undefined);
    const items = new Map(lists.flatMap((one) => [...one.items]));
    const complete = lists.length === Object.keys(kinds).length && lists.every((one) => one.complete);
    const notes = denied.size === 0 ? [] : [forbidden([...denied].join(' '))];
    const stale = lists.find((one) => one.stale !== undefined)?.stale;
    yield rowsOf({ items, complete, stale }, [...arrange(items), ...sectionsOf(namespace), ...notes]);
  }
}

/** One kind's list; one that may not be read is empty and told, so that it hides no other. */
async function* watchKind(
  { client }: Explorer,
  resource: Resource,
  namespace: string,
  denied: Set<string>,
  signal: AbortSignal,
): AsyncGenerator<Watched<WorkloadRow>> {
  const list = { what: `list the ${resource.plural} of ${namespace}`, path: resourcePath(resource, namespace) };
  try {
    yield* watchList(client, list, (object) => workloadRow(resource, object), signal);
  } catch (error) {
    if (!isUserError(error) || error.code !== 'KubernetesForbidden') throw error;
    denied.add(error.message);
    yield { items: new Map(), complete: true, stale: undefined };
  }
}

function sectionsOf({ name: namespace }: NamespaceRow): readonly SectionRow[] {
  return (['pods', 'others'] as const).map((section) => ({
    kind: 'section',
    id: section,
    name: '',
    section,
    namespace,
  }));
}

export function workloadRow(resource: Resource, object: KubeObject): WorkloadRow {
  const workload: Workload = object;
  const { name, namespace = '', uid } = workload.metadata;
  const counts = readiness[resource.kind]?.(workload) ?? { ready: 0, desired: 0 };
  const failure = (workload.status?.conditions ?? []).find(isFailure);
  const { kind, plural, apiVersion } = resource;
  return {
    kind: 'workload',
    id: uid,
    name,
    ref: { apiVersion, kind, plural, namespace, name, uid },
    workload: kind,
    ...counts,
    state: failure === undefined ? stateOf(counts) : 'failed',
    selector: selectorText(workload.spec?.selector),
    ...(failure === undefined ? {} : { reason: inertText(failure.message ?? failure.type) }),
  };
}

function stateOf({ ready, desired }: Readiness): WorkloadRow['state'] {
  return ready >= desired ? 'ok' : 'progressing';
}

/** Pods could not be made, a Job gave up, or a rollout made no progress in its time. */
function isFailure({ type, status }: Condition): boolean {
  return (
    (/^(ReplicaFailure|Failed)$/.test(type) && status === 'True') || (type === 'Progressing' && status === 'False')
  );
}

interface Readiness {
  readonly ready: number;
  readonly desired: number;
}

const replicas = ({ spec, status }: Workload): Readiness => ({
  ready: status?.readyReplicas ?? 0,
  desired: spec?.replicas ?? 1,
});

/** How much of a workload is ready, by its kind. */
const readiness: Readonly<Record<string, (workload: Workload) => Readiness>> = {
  Deployment: replicas,
  StatefulSet: replicas,
  DaemonSet: ({ status }) => ({ ready: status?.numberReady ?? 0, desired: status?.desiredNumberScheduled ?? 0 }),
  Job: ({ spec, status }) => ({ ready: status?.succeeded ?? 0, desired: spec?.completions ?? spec?.parallelism ?? 1 }),
};

/** Pods of a namespace: all of them, or those that a selector chooses. */
export async function* watchPods(
  { client }: Explorer,
  namespace: string,
  labelSelector: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<ClusterRows> {
  const path = resourcePath(resources.pods, namespace);
  const query = labelSelector === undefined ? {} : { labelSelector };
  const list = { what: `list the pods of ${namespace}`, path, query };
  const arrange = sortedByName<PodRow>();
  const withUse = useKeeper<PodRow>();
  const metrics = resourcePath(resources.podMetrics, namespace);
  const open = (inner: AbortSignal) => ({
    pods: watchList(client, list, podRow, inner),
    use: poll((asking) => readUse(client, metrics, asking), 15_000, inner),
  });
  for await (const { pods, use } of latest(open, paceMs, signal)) {
    if (pods === undefined) continue;
    const rows: readonly ClusterRow[] = arrange(pods.items).map((row) => withUse(row, use?.get(row.name)));
    yield rowsOf(pods, rows);
  }
}
