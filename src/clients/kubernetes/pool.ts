import { KubeClient } from './client';
import type { KubeContext } from './kubeconfig';

const clients = new Map<string, { readonly key: string; readonly client: KubeClient }>();

/**
 * The client of a context: the same for all who ask, so that they share connections and one process of a credential
 * plugin. A context whose entry in the kubeconfig changed gets a new one; the one before keeps no connection once what
 * it does is done.
 */
export function clientFor(context: KubeContext): KubeClient {
  const { file, name, cluster, user } = context;
  const place = JSON.stringify([file, name]);
  const key = JSON.stringify([cluster, user]);
  const known = clients.get(place);
  if (known?.key === key) return known.client;
  known?.client.retire();
  const client = new KubeClient(context);
  clients.set(place, { key, client });
  return client;
}
