import { createHash } from 'node:crypto';
import type { Cluster } from '../../core/cluster';
import type { TargetContext, TargetKind } from '../../core/target';
import type { KubeconfigProblem, KubeContext } from '../../clients/kubernetes/kubeconfig';
import { kubeconfigFiles, loadKubeconfig } from '../../clients/kubernetes/kubeconfigFiles';
import { homeAt } from '../../core/home';
import { kindPrefix, kubernetesTarget } from './target';
import { usedTargets } from './used';

/** Every context of the user's kubeconfig files. The SDK is loaded when one of them is used. */
export const kubernetesTargets: TargetKind = {
  id: 'kubernetes',
  displayName: 'Kubernetes',
  open: (id, context) =>
    id.startsWith(kindPrefix) ? kubernetesTarget(id.slice(kindPrefix.length), context) : undefined,
  discover: async (context) =>
    (await usedTargets(homeAt(context.home))).map((id) => kubernetesTarget(id.slice(kindPrefix.length), context)),
  choices: async (context) => {
    const { contexts } = await readContexts(context);
    return contexts.map((one) => kubernetesTarget(`${one.name}/${one.namespace ?? 'default'}`, context, one.name));
  },
  clusters: async (context) => {
    const { contexts, problems } = await readContexts(context);
    return [...contexts.map((one) => contextCluster(one, context)), ...problems.map(brokenCluster)];
  },
};

/** The contexts of the user's files; the one of this workspace is the first, with its namespace. */
async function readContexts({ kubeconfig = '', proxy, pinned }: TargetContext) {
  const { contexts, problems } = await loadKubeconfig(kubeconfigFiles(kubeconfig), proxy);
  const first = contexts
    .filter(({ name }) => name === pinned?.context)
    .map((one) => ({ ...one, namespace: pinned?.namespace ?? one.namespace }));
  return { contexts: [...first, ...contexts.filter(({ name }) => name !== pinned?.context)], problems };
}

function contextCluster(context: KubeContext, from: TargetContext): Cluster {
  const { namespaces = [], nodeOperations = false, pinned } = from;
  const isPinned = pinned?.context === context.name;
  const options = { namespaces, nodeOperations, pinned: isPinned ? pinned.namespace : undefined };
  return {
    id: `kubernetes:${context.name}`,
    displayName: context.name,
    description: context.file,
    opensAtOnce: false,
    ...(isPinned ? { pinned: true } : {}),
    revision: createHash('sha256')
      .update(JSON.stringify([context, options]))
      .digest('hex'),
    watch: async function* (row, signal) {
      const { watchContext } = await import('./explore');
      yield* watchContext(context, options, row, signal);
    },
    objects: async () => (await import('./manage')).objectsOf(context),
  };
}

/** An entry that cannot be used, in the place where it would be. */
function brokenCluster({ file, line, context, message }: KubeconfigProblem): Cluster {
  return {
    id: `kubernetes-problem:${file}:${String(line ?? 0)}:${context ?? ''}`,
    displayName: context ?? file,
    opensAtOnce: false,
    problem: { message, file, ...(line === undefined ? {} : { line }) },
    watch: () => {
      throw new Error('A broken entry has no rows.');
    },
  };
}
