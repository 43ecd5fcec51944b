import type { KubeObject } from '../../../clients/kubernetes/objects';
import { resourcePath, resources } from '../../../clients/kubernetes/objects';
import type { Place } from '../place';
import { unlessForbidden } from '../unlessForbidden';

/**
 * The namespaces that models may go to, that of the place first. Those who may not list them see it and the named ones.
 * @param named by the user
 */
export async function namespaceNames(
  { client, namespace }: Place,
  named: readonly string[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const call = { what: 'list namespaces', path: resourcePath(resources.namespaces) };
  const list = await client
    .request<{ readonly items: readonly KubeObject[] }>(call, signal)
    .catch(unlessForbidden(undefined));
  const seen = list === undefined ? named : list.items.map(({ metadata }) => metadata.name);
  return [...new Set([namespace, ...seen])];
}
