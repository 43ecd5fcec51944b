import type { KubeObject } from '../../clients/kubernetes/objects';
import { resourcePath, resources } from '../../clients/kubernetes/objects';
import { isUserError } from '../../core/errors';
import type { Place } from './place';

/**
 * The namespaces that models may go to, that of the place first. Those who may not list them see it and the named ones.
 * @param named by the user
 */
export async function namespaceNames(
  { client, namespace }: Place,
  named: readonly string[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  try {
    const { items } = await client.request<{ readonly items: readonly KubeObject[] }>(
      { what: 'list namespaces', path: resourcePath(resources.namespaces) },
      signal,
    );
    return [...new Set([namespace, ...items.map(({ metadata }) => metadata.name)])];
  } catch (error) {
    if (!isUserError(error) || error.code !== 'KubernetesForbidden') throw error;
    return [...new Set([namespace, ...named])];
  }
}
