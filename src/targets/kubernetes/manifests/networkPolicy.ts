import type { Manifest } from '../../../clients/kubernetes/change';
import { isOutside } from '../../../core/exposure';
import type { NetworkPeer } from '../../../core/network';
import { modelLabels } from './modelLabels';
import { labels, portName } from '../names';
import type { ReleaseSpec } from '../state/release';

/** Nothing where the project asks for no rules. Probes and port forwards come from the node, which no policy keeps out. */
export function networkPolicies({ model, image }: ReleaseSpec, namespace: string): readonly Manifest[] {
  const { from, egress } = image.network ?? {};
  const policyTypes = [...(from === undefined ? [] : ['Ingress']), ...(egress === undefined ? [] : ['Egress'])];
  if (policyTypes.length === 0) return [];
  return [
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: model, namespace, labels: modelLabels(model) },
      spec: {
        podSelector: { matchLabels: { [labels.model]: model } },
        policyTypes,
        ...letIn(from, isOutside(image.exposure)),
      },
    },
  ];
}

/** Who comes from beyond the cluster has any address, and the key decides. */
function letIn(from: readonly NetworkPeer[] | undefined, isExposed: boolean) {
  const ports = [{ protocol: 'TCP', port: portName }];
  if (from !== undefined && isExposed) return { ingress: [{ ports }] };
  // A rule without peers would let everybody in.
  return from === undefined || from.length === 0 ? {} : { ingress: [{ from: from.map(peer), ports }] };
}

function peer({ namespace, pods }: NetworkPeer) {
  return {
    ...(namespace === undefined
      ? {}
      : { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } } }),
    ...(pods === undefined && namespace !== undefined ? {} : { podSelector: { matchLabels: pods ?? {} } }),
  };
}
