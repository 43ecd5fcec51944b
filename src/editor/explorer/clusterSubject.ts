import type { Cluster, ClusterObjects, ClusterRow, ObjectRef } from '../../core/cluster';
import { UserError } from '../../core/errors';
import { inertText } from '../../core/inertText';
import type { ClusterStore } from './clusterStore';

/** What a command on a row of the Clusters view is about. */
export interface ClusterSubject {
  readonly cluster: Cluster;
  readonly row: ClusterRow;
  readonly ref: ObjectRef;
  readonly objects: ClusterObjects;
  /** The container that was clicked; undefined for the pod as a whole. */
  readonly container: string | undefined;
}

interface RowNode {
  readonly node?: {
    readonly cluster?: { readonly clusterId: string; readonly row?: ClusterRow; readonly container?: string };
  };
}

/** @throws UserError RowGone when the row or its cluster is not there any more */
export async function clusterSubject(clusters: ClusterStore, subject: unknown): Promise<ClusterSubject> {
  const { cluster, row, container } = clusterOf(clusters, subject);
  if (cluster.objects === undefined || row?.ref === undefined) throw rowGone();
  return { cluster, row, ref: row.ref, objects: await cluster.objects(), container };
}

/** As {@link clusterSubject}, for a cluster as a whole, too. */
export function clusterOf(clusters: ClusterStore, subject: unknown) {
  const { clusterId, row, container } = (subject as RowNode | undefined)?.node?.cluster ?? {};
  const cluster = clusters.clusters.find(({ id }) => id === clusterId);
  if (cluster === undefined) throw rowGone();
  return { cluster, row, container };
}

export function rowGone(): UserError {
  return new UserError('RowGone', 'What was clicked is not in the Clusters view any more.', {
    remedy: { kind: 'hint', label: 'Choose it in the view again.' },
  });
}

/** `CONTEXT › NAMESPACE › Kind name`: where an object is, for questions and titles. */
export function breadcrumb({ cluster, ref }: Pick<ClusterSubject, 'cluster' | 'ref'>): string {
  const parts = [cluster.displayName, ref.namespace, `${ref.kind} ${ref.name}`].filter((part) => part !== undefined);
  return inertText(parts.join(' › '));
}
