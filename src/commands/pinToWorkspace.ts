import { clusterOf } from '../editor/explorer/clusterSubject';
import { writePin } from '../editor/explorer/pin';
import type { Command } from './command';

/** Makes a context, or a namespace of it, the one that this workspace is about. */
export const pinToWorkspace: Command = async (app, subject) => {
  const { cluster, row } = clusterOf(app.clusters, subject);
  await writePin(cluster.displayName, row?.kind === 'namespace' ? row.name : undefined);
};
