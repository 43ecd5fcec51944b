import type { KubeClient } from '../../clients/kubernetes/client';
import { clientFor } from '../../clients/kubernetes/pool';
import type { KubeContext } from '../../clients/kubernetes/kubeconfig';
import { kubeconfigFiles, loadKubeconfig } from '../../clients/kubernetes/kubeconfigFiles';
import { UserError } from '../../core/errors';
import type { ObjectOwner } from '../../core/owner';

/** A namespace of a cluster, where models run. */
export interface Place {
  readonly client: KubeClient;
  readonly namespace: string;
  /** During a change: whether objects and fields of others are taken over. */
  readonly takesOver?: (owners: readonly ObjectOwner[], signal: AbortSignal) => Promise<boolean>;
}

/**
 * The place that a target's id names. Names of contexts may hold slashes and colons, so the known ones are tried first;
 * without a namespace it is the context's, else `default`.
 * @param name what stands behind `kubernetes:`
 * @param kubeconfig as in TargetContext, and the proxy, too
 * @throws UserError KubernetesContextUnknown
 */
export async function openPlace(name: string, kubeconfig: string, proxy?: string): Promise<Place> {
  const files = kubeconfigFiles(kubeconfig);
  const { contexts, problems } = await loadKubeconfig(files, proxy);
  const found = findContext(name, contexts);
  if (found !== undefined) return { client: clientFor(found.context), namespace: found.namespace };
  const wanted = name.replace(/\/[^/]*$/, '');
  const broken = problems.find((one) => one.context === name || one.context === wanted);
  const why =
    broken !== undefined
      ? `The context ${broken.context ?? ''} in ${broken.file} cannot be used: ${broken.message}`
      : `There is no context ${wanted} in ${files.join(', ')}.`;
  const known = contexts.map((one) => one.name).slice(0, 20);
  throw new UserError('KubernetesContextUnknown', why, {
    remedy: {
      kind: 'hint',
      label:
        known.length === 0
          ? 'Name a kubeconfig with --kubeconfig or in the settings.'
          : `Known contexts: ${known.join(', ')}.`,
    },
    details: { known },
  });
}

/** The context that a name begins with, and the namespace behind it. */
export function findContext(
  name: string,
  contexts: readonly KubeContext[],
): { readonly context: KubeContext; readonly namespace: string } | undefined {
  const exact = contexts.find((one) => one.name === name);
  if (exact !== undefined) return { context: exact, namespace: exact.namespace ?? 'default' };
  const slash = name.lastIndexOf('/');
  if (slash === -1) return undefined;
  const [head, namespace] = [name.slice(0, slash), name.slice(slash + 1)];
  const context = contexts.find((one) => one.name === head);
  if (context === undefined) return undefined;
  return { context, namespace: namespace === '' ? (context.namespace ?? 'default') : namespace };
}
