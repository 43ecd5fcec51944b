import type { NodeAction } from '../../../core/cluster';
import type { KubeClient } from '../../../clients/kubernetes';
import { missingPermissions, type Permission } from '../../../clients/kubernetes/access';
import type { Explorer } from './explorer';

/** Rights that were given meanwhile count when the nodes are opened so much later. */
const everyMs = 300_000;

const needs: Readonly<Record<NodeAction, readonly Permission[]>> = {
  cordon: [{ verb: 'patch', resource: 'nodes', group: '' }],
  drain: [
    { verb: 'patch', resource: 'nodes', group: '' },
    { verb: 'list', resource: 'pods', group: '' },
    { verb: 'create', resource: 'pods/eviction', group: '' },
  ],
};

const known = new WeakMap<KubeClient, { readonly at: number; readonly actions: readonly NodeAction[] }>();

/** What the user may do with nodes, if anything is wanted. The cluster is asked once, not for each node. */
export async function nodeActions(
  { client, nodeOperations }: Explorer,
  signal: AbortSignal,
): Promise<readonly NodeAction[]> {
  if (!nodeOperations) return [];
  const before = known.get(client);
  if (before !== undefined && performance.now() - before.at < everyMs) return before.actions;
  const missing = await missingPermissions(client, '', needs.drain, signal);
  const lacks = (one: Permission): boolean =>
    missing.some(({ verb, resource }) => verb === one.verb && resource === one.resource);
  const actions = (['cordon', 'drain'] as const).filter((action) => !needs[action].some(lacks));
  known.set(client, { at: performance.now(), actions });
  return actions;
}
