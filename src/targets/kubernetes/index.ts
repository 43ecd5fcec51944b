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
    const { contexts } = await loadKubeconfig(kubeconfigFiles(context.kubeconfig ?? ''), context.proxy);
    return contexts.map((one) => kubernetesTarget(`${one.name}/${one.namespace ?? 'default'}`, context, one.name));
  },
  clusters: async (context) => {
    const { contexts, problems } = await loadKubeconfig(kubeconfigFiles(context.kubeconfig ?? ''), context.proxy);
    return [...contexts.map((one) => contextCluster(one, context)), ...problems.map(brokenCluster)];
  },
};

function contextCluster(context: KubeContext, { namespaces = [] }: TargetContext): Cluster {
  return {
    id: `kubernetes:${context.name}`,
    displayName: context.name,
    description: context.file,
    opensAtOnce: false,
    revision: createHash('sha256').update(JSON.stringify(context)).digest('hex'),
    watch: async function* (row, signal) {
      const { watchContext } = await import('./explore');
      yield* watchContext(context, namespaces, row, signal);
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
