import type { Manifest } from '../../clients/kubernetes/change';
import type { NetworkPeer } from '../../core/network';
import { modelLabels } from './manifests';
import { labels, portName } from './names';
import type { ReleaseSpec } from './release';

/** Nothing where the project asks for no rules. Probes and port forwards come from the node, which no policy keeps out. */
export function networkPolicies({ model, image }: ReleaseSpec, namespace: string): readonly Manifest[] {
  const { from, egress } = image.network ?? {};
  const policyTypes = [...(from === undefined ? [] : ['Ingress']), ...(egress === undefined ? [] : ['Egress'])];
  if (policyTypes.length === 0) return [];
  const ports = [{ protocol: 'TCP', port: portName }];
  return [
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: model, namespace, labels: modelLabels(model) },
      spec: {
        podSelector: { matchLabels: { [labels.model]: model } },
        policyTypes,
        // A rule without peers would let everybody in.
        ...(from === undefined || from.length === 0 ? {} : { ingress: [{ from: from.map(peer), ports }] }),
      },
    },
  ];
}

function peer({ namespace, pods }: NetworkPeer) {
  return {
    ...(namespace === undefined
      ? {}
      : { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } } }),
    ...(pods === undefined && namespace !== undefined ? {} : { podSelector: { matchLabels: pods ?? {} } }),
  };
}
