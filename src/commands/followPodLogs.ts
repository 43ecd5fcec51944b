import type { PodRow } from '../core/cluster';
import { isUserError } from '../core/errors';
import { chooseContainer } from '../editor/explorer/chooseContainer';
import { clusterSubject } from '../editor/explorer/clusterSubject';
import { logViews } from './followLogs';
import type { Command } from './command';

/** Follows the log of a container; where a pod has several, asks which. */
export const followPodLogs: Command = async (app, subject) => {
  const { cluster, objects, ref, row, container } = await clusterSubject(app.clusters, subject);
  const chosen = container ?? (row.kind === 'pod' ? await chooseContainer(row, hasLog) : undefined);
  if (chosen === undefined) return;
  const read = objects.log(ref, chosen);
  const owner = {
    id: cluster.id,
    displayName: cluster.displayName,
    logs: (_name: string, ...rest: Parameters<typeof read>) => read(...rest),
    has: async (_name: string, signal: AbortSignal) => {
      const there = await objects.read(ref, signal).catch((error: unknown) => {
        if (isUserError(error) && error.code === 'KubernetesNotFound') return undefined;
        throw error;
      });
      return there !== undefined;
    },
  };
  await logViews(app).follow(owner, `${ref.namespace ?? ''}/${ref.name}/${chosen}`, false);
};

function hasLog({ status, restarts }: PodRow['containers'][number]): boolean {
  return status === 'Running' || restarts > 0 || status === 'Completed' || status === 'Error';
}
