import type { ObjectRef } from '../../../core/cluster';
import { resourcePath, type KubeClient } from '../../../clients/kubernetes';
import type { JsonMap } from './changes';

export function pathOf(ref: ObjectRef): string {
  return resourcePath({ ...ref, namespaced: ref.namespace !== undefined }, ref.namespace, ref.name);
}

export function nameOf({ kind, namespace, name }: ObjectRef): string {
  return namespace === undefined ? `${kind} ${name}` : `${kind} ${namespace}/${name}`;
}

export function readObject(client: KubeClient, ref: ObjectRef, signal: AbortSignal): Promise<JsonMap> {
  return client.request<JsonMap>({ what: `read ${nameOf(ref)}`, path: pathOf(ref) }, signal);
}
