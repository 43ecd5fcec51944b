import { clusterOf } from '../editor/explorer/clusterSubject';
import { writePin } from '../editor/explorer/pin';
import type { Command } from './command';

/** Leaves the context first when its namespace is unpinned; else this workspace is about no cluster any more. */
export const unpin: Command = async (app, subject) => {
  const { cluster, row } = clusterOf(app.clusters, subject);
  await writePin(row?.kind === 'namespace' ? cluster.displayName : undefined, undefined);
};
