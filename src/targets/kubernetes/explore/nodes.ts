import type { ClusterRow, ClusterRows, NodeAction, NodeRow, PodRow, RequestedRow } from '../../../core/cluster';
import { inertText } from '../../../core/inertText';
import { latest } from '../../../core/latest';
import { resourcePath, resources, watchList, type KubeObject } from '../../../clients/kubernetes';
import { paceMs, poll, rowsOf, type Explorer } from './explorer';
import { gpuFacts } from './gpuFacts';
import { readUse, type Use } from './metrics';
import { nodeActions } from './nodeActions';
import { amounts, podRow, sum } from './podRow';
import { sortedByName } from './sorted';

interface Node extends KubeObject {
  readonly spec: { readonly unschedulable?: boolean };
  readonly status?: {
    readonly allocatable?: Readonly<Record<string, string>>;
    readonly conditions?: readonly NodeCondition[];
    readonly nodeInfo?: { readonly kubeletVersion?: string; readonly architecture?: string };
  };
}

interface NodeCondition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

const roleLabel = 'node-role.kubernetes.io/';

/** The nodes of a cluster, with what they use where metrics are served. */
export async function* watchNodes(explorer: Explorer, signal: AbortSignal): AsyncGenerator<ClusterRows> {
  const { client } = explorer;
  const list = { what: 'list nodes', path: resourcePath(resources.nodes) };
  const actions = await nodeActions(explorer, signal);
  const arrange = sortedByName<NodeRow>();
  const withUse = useKeeper();
  const open = (inner: AbortSignal) => ({
    nodes: watchList(client, list, (object) => nodeRow(object, actions), inner),
    use: poll((asking) => readUse(client, resourcePath(resources.nodeMetrics), asking), 15_000, inner),
  });
  for await (const { nodes, use } of latest(open, paceMs, signal))
    if (nodes !== undefined)
      yield rowsOf(
        nodes,
        arrange(nodes.items).map((row) => withUse(row, use?.get(row.name))),
      );
}

/** Gives a row what it uses, as the same object while neither changed. */
export function useKeeper<Row extends NodeRow | PodRow>(): (row: Row, use: Use | undefined) => Row {
  const made = new WeakMap<Row, { readonly use: Use; readonly row: Row }>();
  return (row, use) => {
    if (use === undefined) return row;
    const known = made.get(row);
    if (known?.use.cpu === use.cpu && known.use.memory === use.memory) return known.row;
    const next = { ...row, used: use };
    made.set(row, { use, row: next });
    return next;
  };
}

function nodeRow(object: KubeObject, actions: readonly NodeAction[]): NodeRow {
  const { metadata, spec, status } = object as Node;
  const { name, uid } = metadata;
  const conditions = status?.conditions ?? [];
  return {
    kind: 'node',
    id: uid,
    name,
    ref: { apiVersion: 'v1', kind: 'Node', plural: 'nodes', name, uid },
    ready: conditions.some(({ type, status: is }) => type === 'Ready' && is === 'True'),
    roles: rolesOf(metadata.labels ?? {}),
    trouble: conditions.flatMap(troubleOf),
    cordoned: spec.unschedulable === true,
    actions,
    version: status?.nodeInfo?.kubeletVersion,
    architecture: status?.nodeInfo?.architecture,
    allocatable: amounts(status?.allocatable),
    ...gpuFacts(metadata.labels),
    used: undefined,
  };
}

function rolesOf(labels: Readonly<Record<string, string>>): readonly string[] {
  return Object.keys(labels).flatMap((label) => (label.startsWith(roleLabel) ? [label.slice(roleLabel.length)] : []));
}

/** Ready should be true, every other condition false. */
function troubleOf({ type, status, reason, message }: NodeCondition): readonly string[] {
  if (type !== 'Ready') return status === 'True' ? [type] : [];
  return status === 'True' ? [] : [`NotReady: ${inertText(message ?? reason ?? 'no report yet')}`];
}

/** The pods of one node, after what they ask for together. */
export async function* watchNodePods(
  explorer: Explorer,
  node: NodeRow,
  signal: AbortSignal,
): AsyncGenerator<ClusterRows> {
  const { client } = explorer;
  const fieldSelector = `spec.nodeName=${node.name}`;
  const list = {
    what: 'list the pods of all namespaces',
    path: resourcePath(resources.pods),
    query: { fieldSelector },
    fromMemory: true,
  };
  const arrange = sortedByName<PodRow>();
  const open = (inner: AbortSignal) => ({ pods: watchList(client, list, podRow, inner) });
  for await (const { pods } of latest(open, paceMs, signal)) {
    if (pods === undefined) continue;
    const rows: readonly ClusterRow[] = arrange(pods.items);
    yield rowsOf(pods, pods.complete ? [requestedRow(node, [...pods.items.values()]), ...rows] : rows);
  }
}

/** Pods that ended ask for nothing any more. */
function requestedRow(node: NodeRow, pods: readonly PodRow[]): RequestedRow {
  const requested = sum(
    pods.filter(({ state, status }) => state !== 'done' && status !== 'Failed').map((pod) => pod.requests),
  );
  return { kind: 'requested', id: 'requested', name: node.name, requested, allocatable: node.allocatable };
}
