import { kubeconfigFiles, loadKubeconfig } from '../../clients/kubernetes/kubeconfigFiles';
import type { TargetKind } from '../../core/target';
import { kindPrefix } from './place';
import { kubernetesTarget } from './target';

/** Clusters that a kubeconfig names: each model is a Deployment. */
export const kubernetesTargets: TargetKind = {
  id: 'kubernetes',
  displayName: 'Kubernetes',
  open: (id, context) =>
    id.startsWith(kindPrefix) ? kubernetesTarget(id.slice(kindPrefix.length), context) : undefined,
  discover: async (context) => {
    const { contexts } = await loadKubeconfig(kubeconfigFiles(context.kubeconfig));
    return contexts.map((one) => kubernetesTarget(`${one.name}/${one.namespace ?? 'default'}`, context));
  },
  clusters: () => Promise.resolve([]),
};
