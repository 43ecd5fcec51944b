import type { ClusterNode, ClusterProcess, ClusterSnapshot } from '../core/target';
import { escapeMarkdown, formatBytes, formatTime } from './format';
import { leaf, type Translate, type TreeNode } from './node';

export interface ClusterState {
  readonly id: string;
  readonly displayName: string;
  readonly snapshot: ClusterSnapshot | undefined;
  readonly broken: { readonly since: Date; readonly message: string } | undefined;
}

/** The Clusters view: cluster, its nodes, the processes of models on them. */
export function clusterTree(clusters: readonly ClusterState[], t: Translate): readonly TreeNode[] {
  return clusters.map((cluster) => {
    const { snapshot, broken } = cluster;
    const nodes = snapshot?.nodes ?? [];
    const description =
      broken === undefined
        ? clusterSummary(snapshot, t)
        : t('no answer since {0}, trying again', formatTime(broken.since.toISOString()));
    return leaf(cluster.id, 'cluster', cluster.displayName, {
      description,
      tooltip: escapeMarkdown(broken?.message ?? cluster.displayName),
      icon: broken === undefined ? { id: 'vm' } : { id: 'warning', color: 'list.warningForeground' },
      state: 'expanded',
      accessibleLabel: t('Cluster {0}, {1}', cluster.displayName, description),
      children: nodes.map((node) => machineNode(cluster.id, node, t)),
    });
  });
}

function clusterSummary(snapshot: ClusterSnapshot | undefined, t: Translate): string {
  if (snapshot === undefined) return t('loading');
  return snapshot.nodes.length === 1 ? t('1 node') : t('{0} nodes', snapshot.nodes.length);
}

function machineNode(clusterId: string, node: ClusterNode, t: Translate): TreeNode {
  const { cpu, memory, processes } = node;
  const percent = cpu.cores === 0 ? 0 : Math.round((cpu.used / cpu.cores) * 100);
  const description = t(
    'CPU {0} % of {1} · memory {2} of {3}',
    percent,
    cpu.cores,
    formatBytes(memory.used),
    formatBytes(memory.total),
  );
  return leaf(`${clusterId}/${node.id}`, 'node', node.name, {
    description: node.ready ? description : `${t('Not ready')} · ${description}`,
    tooltip: escapeMarkdown(
      `${node.name}\n${t('{0} of {1} cores are busy', cpu.used.toFixed(1), cpu.cores)}\n${t('{0} of {1} memory are in use', formatBytes(memory.used), formatBytes(memory.total))}`,
    ),
    icon: node.ready ? { id: 'server-environment' } : { id: 'warning', color: 'list.warningForeground' },
    // Also while it is empty: a row that begins as a leaf stays closed when its first process comes.
    state: 'expanded',
    children: processes.map((process) => processNode(clusterId, node.id, process, t)),
  });
}

function processNode(clusterId: string, nodeId: string, process: ClusterProcess, t: Translate): TreeNode {
  const parts = [
    process.phase,
    `pid ${String(process.pid)}`,
    process.memory === undefined ? undefined : formatBytes(process.memory),
  ];
  const description = parts.filter((part) => part !== undefined).join(' · ');
  return leaf(`${clusterId}/${nodeId}/${process.id}`, 'process', process.name, {
    description,
    tooltip: escapeMarkdown(t('A replica of the model {0}', process.model)),
    icon: { id: 'server-process' },
    accessibleLabel: t('Process {0}, {1}', process.name, description),
    model: { targetId: clusterId, name: process.model },
  });
}
