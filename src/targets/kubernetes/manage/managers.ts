import type { KubeMetadata } from '../../../clients/kubernetes';

/** Who looks after an object, by the marks that they leave. */
export function managersOf({
  labels = {},
  annotations = {},
  ownerReferences = [],
}: Partial<KubeMetadata>): readonly string[] {
  const marks: readonly (readonly [string, string | undefined])[] = [
    [
      'Helm',
      labels['app.kubernetes.io/managed-by'] === 'Helm' ? (annotations['meta.helm.sh/release-name'] ?? '') : undefined,
    ],
    ['Argo CD', annotations['argocd.argoproj.io/tracking-id'] ?? labels['argocd.argoproj.io/instance']],
    ['Flux', labels['kustomize.toolkit.fluxcd.io/name'] ?? labels['helm.toolkit.fluxcd.io/name']],
  ];
  return [
    ...ownerReferences.filter(({ controller }) => controller === true).map(({ kind, name }) => `${kind} ${name}`),
    ...marks.flatMap(([who, name]) => (name === undefined ? [] : [name === '' ? who : `${who} (${name})`])),
  ];
}
