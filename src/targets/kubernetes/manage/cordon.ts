import type { ObjectRef } from '../../../core/cluster';
import type { KubeClient } from '../../../clients/kubernetes';
import { pathOf } from './request';

/** Whether new pods may be put on a node. */
export async function cordonNode(
  client: KubeClient,
  node: ObjectRef,
  isCordoned: boolean,
  signal: AbortSignal,
): Promise<void> {
  const what = `${isCordoned ? 'cordon' : 'uncordon'} the node ${node.name}`;
  const body = { spec: { unschedulable: isCordoned ? true : null } };
  const contentType = 'application/merge-patch+json';
  await client.request({ what, method: 'PATCH', path: pathOf(node), body, contentType }, signal);
}
