import type { KubeMetadata } from '../../../clients/kubernetes/objects';
import { isUserError } from '../../../core/errors';
import { inertText } from '../../../core/inertText';
import type { ObjectOwner } from '../../../core/owner';

type Marks = Readonly<Record<string, string>>;

/** A program that keeps objects as something else says that they are to be. */
interface Keeper {
  readonly who: string;
  readonly reaction: string;
  /** As it calls itself where it owns fields. */
  readonly manager: RegExp;
  /** What it calls the group of objects that an object belongs to, where the object carries its mark. */
  readonly groupOf: (labels: Marks, annotations: Marks) => string | undefined;
}

const repository = 'puts it back to what its repository says';
const nextApply = 'puts it back when it is applied next';

/**
 * By the marks that they leave:
 * https://argo-cd.readthedocs.io/en/stable/user-guide/resource_tracking/,
 * https://fluxcd.io/flux/components/kustomize/kustomizations/#controlling-the-apply-behavior-of-resources,
 * https://helm.sh/docs/chart_best_practices/labels/.
 */
const keepers: readonly Keeper[] = [
  {
    who: 'Argo CD',
    reaction: `${repository} when it synchronizes next, or at once where it heals by itself`,
    manager: /^argocd-(?:application-)?controller$/,
    groupOf: (labels, annotations) =>
      annotations['argocd.argoproj.io/tracking-id']?.replace(/:.*$/s, '') ?? labels['argocd.argoproj.io/instance'],
  },
  {
    who: 'Flux',
    reaction: `${repository} when it compares them next, usually within minutes`,
    manager: /^kustomize-controller$/,
    groupOf: (labels) => labels['kustomize.toolkit.fluxcd.io/name'],
  },
  {
    who: 'Flux',
    reaction: 'puts it back with the next release of its chart, or sooner where it looks for changes',
    manager: /^helm-controller$/,
    groupOf: (labels) => labels['helm.toolkit.fluxcd.io/name'],
  },
  {
    who: 'Helm',
    reaction: 'puts it back with the next helm upgrade',
    manager: /^helm$/,
    groupOf: (labels, annotations) =>
      annotations['meta.helm.sh/release-name'] ?? (labels['app.kubernetes.io/managed-by'] === 'Helm' ? '' : undefined),
  },
  {
    who: 'kapp',
    reaction: nextApply,
    manager: /^kapp(?:-server)?$/,
    groupOf: (labels) => labels['kapp.k14s.io/app'],
  },
  { who: 'Config Sync', reaction: repository, manager: /^configsync$/, groupOf: () => undefined },
  { who: 'Fleet', reaction: repository, manager: /^fleetagent$/, groupOf: () => undefined },
  { who: 'Terraform', reaction: nextApply, manager: /^(?:Terraform|HashiCorp)$/, groupOf: () => undefined },
  { who: 'Pulumi', reaction: nextApply, manager: /^pulumi-kubernetes/, groupOf: () => undefined },
];

/** Who looks after an object: the controller that made it, and what keeps it as files or a chart say. */
export function ownersOf(metadata: Partial<KubeMetadata>): readonly ObjectOwner[] {
  const { labels = {}, annotations = {}, ownerReferences = [], managedFields = [] } = metadata;
  const managers = managedFields.filter(({ subresource }) => subresource !== 'status').map((one) => one.manager ?? '');
  const controllers = ownerReferences
    .filter(({ controller }) => controller === true)
    .map(({ kind, name }) => ({
      name: inertText(`${kind} ${name}`),
      reaction: 'makes it again or changes it back as its own template says',
    }));
  const found = keepers.flatMap(({ who, reaction, manager, groupOf }) => {
    const group = groupOf(labels, annotations);
    if (group === undefined && !managers.some((one) => manager.test(one))) return [];
    return [{ who, name: inertText(group ? `${who} (${group})` : who), reaction }];
  });
  // Flux has Helm's own code install its charts, with Helm's marks.
  const isFlux = found.some(({ who }) => who === 'Flux');
  const kept = found.filter(({ who }) => who !== 'Helm' || !isFlux);
  return [...controllers, ...kept.map(({ name, reaction }) => ({ name, reaction }))];
}

interface Cause {
  readonly message?: string;
  readonly field?: string;
}

/** Who owns the fields that an apply was refused for; empty for every other failure. */
export function ownersInConflict(error: unknown): readonly ObjectOwner[] {
  if (!isUserError(error) || error.code !== 'KubernetesConflict') return [];
  const fields = new Map<string, string[]>();
  for (const cause of (error.details['causes'] ?? []) as readonly Cause[]) {
    const name = /^conflict with "(.*?)"/.exec(cause.message ?? '')?.[1];
    if (name !== undefined) fields.set(name, [...(fields.get(name) ?? []), cause.field ?? '']);
  }
  return [...fields].map(([name, all]) => ({
    name: inertText(name),
    reaction: inertText(`has its own values for ${all.join(', ')}`),
  }));
}
