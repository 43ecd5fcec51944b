import type { Cluster, ClusterProblem, ClusterRow, ClusterRows, PodRow } from '../../core/cluster';
import { inertText } from '../../core/inertText';
import { escapeMarkdown, formatTime } from '../format';
import { leaf, type Translate, type TreeNode } from '../node';
import { shownRows, type Shown } from '../pages';
import { appearanceOf, containerAppearance, type Appearance } from './rowNode';

/** What is known of what stands below an opened row. */
export interface Below {
  /** Undefined before the first answer. */
  readonly value: ClusterRows | undefined;
  /** Why there is none and will be none until somebody asks again. */
  readonly problem: { readonly code: string; readonly message: string } | undefined;
}

interface Made {
  readonly row: ClusterRow;
  readonly children: readonly TreeNode[];
  readonly node: TreeNode;
}

/** Id of what stands below another. */
export function rowId(parentId: string, row: { readonly id: string }): string {
  return `${parentId}/${row.id}`;
}

/** Which rows of a list are drawn: the others are only counted. */
type ShownOf = (id: string) => Shown;

const everything: ShownOf = () => ({ limit: Infinity, found: new Set() });

/** A list without the rows that are not drawn, and how many those are. */
function pageOf(
  below: Below | undefined,
  shown: Shown,
  idOf: (row: ClusterRow) => string,
): { readonly below: Below | undefined; readonly more: number } {
  const value = below?.value;
  if (below === undefined || value === undefined) return { below, more: 0 };
  const page = shownRows(value.rows, shown, idOf);
  return { below: page.more === 0 ? below : { ...below, value: { ...value, rows: page.shown } }, more: page.more };
}

/**
 * The Clusters view as data. It is drawn often and is long: what did not change is the same object as before, for this
 * function and for whoever compares what it gives.
 */
export function clusterTreeMaker(
  t: Translate,
): (clusters: readonly Cluster[], below: (id: string) => Below | undefined, shownOf?: ShownOf) => readonly TreeNode[] {
  let before = new Map<string, Made>();
  return (clusters, below, shownOf = everything) => {
    const made = new Map<string, Made>();
    const draw = (clusterId: string, parentId: string, row: ClusterRow): TreeNode => {
      const id = rowId(parentId, row);
      const known = before.get(id);
      const page = pageOf(below(id), shownOf(id), (child) => rowId(id, child));
      const children = childrenOf(clusterId, id, row, page.below, (child) => draw(clusterId, id, child), t);
      const isSame = known?.row === row && known.node.more === page.more && sameNodes(known.children, children);
      const node = isSame ? known.node : { ...rowNode(clusterId, id, row, children, t), more: page.more };
      made.set(id, { row, children: node.children, node });
      return node;
    };
    const nodes = clusters.map((cluster) =>
      clusterNode(cluster, below(cluster.id), (row) => draw(cluster.id, cluster.id, row), t),
    );
    before = made;
    return nodes;
  };
}

function clusterNode(
  cluster: Cluster,
  below: Below | undefined,
  draw: (row: ClusterRow) => TreeNode,
  t: Translate,
): TreeNode {
  const { id, displayName, problem } = cluster;
  if (problem !== undefined) return brokenNode(cluster, problem);
  const trouble = troubleOf(below, t);
  const description = trouble?.short ?? summary(cluster, below, t);
  const name = inertText(displayName);
  return leaf(id, contextOf(cluster), name, {
    ...(description === undefined ? {} : { description }),
    tooltip: escapeMarkdown(lines(displayName, cluster.description, trouble?.message)),
    icon: trouble === undefined ? { id: 'vm' } : { id: 'warning', color: 'list.warningForeground' },
    state: cluster.opensAtOnce ? 'expanded' : 'collapsed',
    accessibleLabel: t('Cluster {0}, {1}', name, description ?? ''),
    children: childrenOf(id, id, undefined, below, draw, t),
    cluster: { clusterId: id },
  });
}

/** An entry of a configuration that cannot be used; a click leads to it. */
function brokenNode({ id, displayName }: Cluster, { message, file, line }: ClusterProblem): TreeNode {
  const place = line === undefined ? {} : { line };
  return leaf(id, 'cluster broken', inertText(displayName), {
    description: inertText(message),
    tooltip: escapeMarkdown(lines(message, line === undefined ? file : `${file}:${line}`)),
    icon: { id: 'error', color: 'list.errorForeground' },
    opens: { file, ...place },
  });
}

function lines(...all: readonly (string | undefined)[]): string {
  return all.flatMap((line) => (line === undefined ? [] : [inertText(line)])).join('\n');
}

function troubleOf(
  below: Below | undefined,
  t: Translate,
): { readonly short: string; readonly message: string } | undefined {
  if (below?.problem !== undefined) return { short: t('no answer'), message: below.problem.message };
  const stale = below?.value?.stale;
  if (stale === undefined) return undefined;
  const since = formatTime(stale.since.toISOString());
  return { short: t('no answer since {0}, trying again', since), message: stale.message };
}

function contextOf({ id, pinned }: Cluster): string {
  return `cluster ${id.replace(/:.*/s, '')}${pinned === true ? ' pinned' : ''}`;
}

/** This machine tells how many nodes it is. */
function summary({ pinned }: Cluster, below: Below | undefined, t: Translate): string | undefined {
  if (pinned === true) return t('pinned');
  const rows = below?.value?.rows.filter(({ kind }) => kind === 'node') ?? [];
  if (rows.length === 0) return undefined;
  return rows.length === 1 ? t('1 node') : t('{0} nodes', rows.length);
}

function rowNode(
  clusterId: string,
  id: string,
  row: ClusterRow,
  children: readonly TreeNode[],
  t: Translate,
): TreeNode {
  const look = appearanceOf(row, t);
  return {
    ...nodeFrom(id, look, children),
    state: stateOf(row, look),
    cluster: { clusterId, row },
    ...(row.kind === 'process' ? { model: { targetId: clusterId, name: row.model } } : {}),
  };
}

/** What is known without asking is shown at once, but for the many checks that passed. */
function stateOf(row: ClusterRow, { opens }: Appearance): TreeNode['state'] {
  if (row.rows === undefined) return opens ? 'collapsed' : 'leaf';
  return row.kind === 'check' ? 'collapsed' : 'expanded';
}

/** Names and words of a cluster are shown inert: anybody may have chosen them. */
function nodeFrom(id: string, look: Appearance, children: readonly TreeNode[]): TreeNode {
  const { context, label, description, tooltip, icon, spoken } = look;
  return leaf(id, context, inertText(label), {
    icon,
    children,
    ...(description === undefined ? {} : { description: inertText(description) }),
    ...(tooltip === undefined ? {} : { tooltip }),
    ...(spoken === undefined ? {} : { accessibleLabel: inertText(spoken) }),
  });
}

function childrenOf(
  clusterId: string,
  id: string,
  row: ClusterRow | undefined,
  below: Below | undefined,
  draw: (row: ClusterRow) => TreeNode,
  t: Translate,
): readonly TreeNode[] {
  const inline = row?.rows ?? [];
  if (below === undefined) return inline.map(draw);
  const containers = row?.kind === 'pod' ? containersOf(clusterId, id, row, t) : [];
  return [...inline.map(draw), ...containers, ...(below.value?.rows ?? []).map(draw), ...notesOf(id, below, t)];
}

function containersOf(clusterId: string, id: string, row: PodRow, t: Translate): readonly TreeNode[] {
  const why = row.reason === undefined ? [] : [nodeFrom(`${id}!reason`, noteLook('problem', row.reason, t), [])];
  const nodes = row.containers.map((one) => ({
    ...nodeFrom(`${id}/container:${one.name}`, containerAppearance(one, t), []),
    cluster: { clusterId, row, container: one.name },
  }));
  return [...why, ...nodes];
}

/** What is to be said of a list: that it is old, incomplete, empty, or cannot be had. */
function notesOf(id: string, { value, problem }: Below, t: Translate): readonly TreeNode[] {
  const say = (kind: 'forbidden' | 'problem' | 'empty', message: string) => [
    nodeFrom(`${id}!${kind}`, noteLook(kind, message, t), []),
  ];
  if (problem !== undefined)
    return say(problem.code === 'KubernetesForbidden' ? 'forbidden' : 'problem', problem.message);
  if (value === undefined) return [nodeFrom(`${id}!loading`, noteLook('empty', t('Connecting'), t), [])];
  if (value.stale !== undefined)
    return say('problem', t('Old since {0}: {1}', formatTime(value.stale.since.toISOString()), value.stale.message));
  if (value.complete && value.rows.length === 0) return say('empty', t('Nothing here'));
  return [];
}

function noteLook(note: 'forbidden' | 'problem' | 'empty', message: string, t: Translate): Appearance {
  return appearanceOf({ kind: 'note', id: note, name: '', note, message }, t);
}

function sameNodes(before: readonly TreeNode[], after: readonly TreeNode[]): boolean {
  return before.length === after.length && before.every((one, index) => one === after[index]);
}
