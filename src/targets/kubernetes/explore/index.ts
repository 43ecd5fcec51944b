import type { ClusterRow, ClusterRows, SectionKind, SectionRow } from '../../../core/cluster';
import { clientFor, type KubeContext } from '../../../clients/kubernetes';
import { readVersion, watchControlPlane } from './controlPlane';
import { watchEvents, watchPodEvents } from './events';
import { pollRows, type Explorer, type ExploreOptions } from './explorer';
import { watchDeployedModels } from './models';
import { watchNamespaces } from './namespaces';
import { watchNodePods, watchNodes } from './nodes';
import { watchKinds, watchObjects } from './others';
import { watchPods, watchWorkloads } from './workloads';

/** Watches what stands below a row of a context, or at its top. */
export function watchContext(
  context: KubeContext,
  options: ExploreOptions,
  row: ClusterRow | undefined,
  signal: AbortSignal,
): AsyncIterable<ClusterRows> {
  const explorer = { client: clientFor(context), namespace: context.namespace ?? 'default', ...options };
  return row === undefined ? watchTop(explorer, signal) : watchBelow(explorer, row, signal);
}

const sections: readonly SectionKind[] = ['models', 'controlPlane', 'nodes', 'namespaces', 'events'];

/** The headings, once the cluster has answered; whether it still does. */
function watchTop({ client }: Explorer, signal: AbortSignal): AsyncIterable<ClusterRows> {
  const rows = sections.map((section): SectionRow => ({ kind: 'section', id: section, name: '', section }));
  return pollRows(
    async (asking) => {
      await readVersion(client, asking);
      return rows;
    },
    5000,
    signal,
  );
}

function watchBelow(explorer: Explorer, row: ClusterRow, signal: AbortSignal): AsyncIterable<ClusterRows> {
  if (row.kind === 'section') return watchSection(explorer, row, signal);
  if (row.kind === 'node') return watchNodePods(explorer, row, signal);
  if (row.kind === 'namespace') return watchWorkloads(explorer, row, signal);
  if (row.kind === 'workload') return watchPods(explorer, row.ref?.namespace ?? '', row.selector, signal);
  if (row.kind === 'kind') return watchObjects(explorer, row, signal);
  if (row.kind === 'pod') return watchPodEvents(explorer, row, signal);
  return nothing();
}

function watchSection(explorer: Explorer, row: SectionRow, signal: AbortSignal): AsyncIterable<ClusterRows> {
  switch (row.section) {
    case 'models':
      return watchDeployedModels(explorer, signal);
    case 'controlPlane':
      return watchControlPlane(explorer, signal);
    case 'nodes':
      return watchNodes(explorer, signal);
    case 'namespaces':
      return watchNamespaces(explorer, signal);
    case 'events':
      return watchEvents(explorer, signal);
    case 'others':
      return watchKinds(explorer, row.namespace ?? '', signal);
    case 'pods':
      return watchPods(explorer, row.namespace ?? '', undefined, signal);
  }
}

async function* nothing(): AsyncGenerator<ClusterRows> {
  await Promise.resolve();
  yield { rows: [], complete: true };
}
