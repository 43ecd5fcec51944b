import { KubeClient } from './client';
import type { KubeContext } from './kubeconfig';

const clients = new Map<string, KubeClient>();

/**
 * The client of a context: the same for all who ask, so that they share connections and one process of a credential
 * plugin. A context whose entry in the kubeconfig changed gets a new one.
 */
export function clientFor(context: KubeContext): KubeClient {
  const { file, cluster, user } = context;
  const key = JSON.stringify([file, context.name, cluster, user]);
  const known = clients.get(key);
  if (known !== undefined) return known;
  const made = new KubeClient(context);
  clients.set(key, made);
  return made;
}
