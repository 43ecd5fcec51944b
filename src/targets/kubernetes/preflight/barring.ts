import { listObjects } from '../../../clients/kubernetes/change';
import { resources, type KubeObject } from '../../../clients/kubernetes/objects';
import type { Finding } from '../../../core/project';
import type { DeployIntent } from '../../../core/target';
import type { LabelSelector } from '../explore/selector';
import { modelLabels } from '../manifests/modelLabels';
import type { Place } from '../place';
import { holds } from './room';
import { unlessForbidden } from '../unlessForbidden';

/** https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/network-policy-v1/ */
export interface NetworkPolicy extends KubeObject {
  readonly spec?: {
    readonly podSelector?: LabelSelector;
    readonly policyTypes?: readonly string[];
    /** Each lets somebody in. */
    readonly ingress?: readonly object[];
  };
}

/** Warns where nobody will reach a model at its address. The project that says who may makes a policy that lets them in. */
export async function checkReach(
  { client, namespace }: Place,
  { name, network }: DeployIntent,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  if (network?.from !== undefined) return [];
  const where = { resource: resources.networkPolicies, namespace };
  const policies = await listObjects<NetworkPolicy>(client, where, '', signal).catch(unlessForbidden([]));
  const barring = barringPolicies(policies, name);
  if (barring.length === 0) return [];
  const [kind, verb] = barring.length === 1 ? ['NetworkPolicy', 'lets'] : ['NetworkPolicies', 'let'];
  const message = `The ${kind} ${barring.join(', ')} of the namespace ${namespace} ${verb} nobody reach ${name} at its address. List who may under network.from in slipway.yaml.`;
  return [{ code: 'NetworkBarred', severity: 'warning', message }];
}

/**
 * Names of the policies for which nobody reaches a model's pods; none where no policy is about them, or where one lets
 * somebody in. The model's own does not count: a deploy makes it anew.
 */
export function barringPolicies(policies: readonly NetworkPolicy[], model: string): readonly string[] {
  const labels = modelLabels(model);
  const selecting = policies.filter(
    ({ metadata, spec }) =>
      !hasAll(labels, metadata.labels) &&
      spec?.policyTypes?.includes('Ingress') === true &&
      selects(spec.podSelector, labels),
  );
  const letsIn = selecting.some(({ spec }) => (spec?.ingress ?? []).length > 0);
  return letsIn ? [] : selecting.map(({ metadata }) => metadata.name).sort();
}

type Labels = Readonly<Record<string, string>>;

function hasAll(wanted: Labels = {}, has: Labels = {}): boolean {
  return Object.entries(wanted).every(([key, value]) => has[key] === value);
}

/** An empty selector picks all pods. */
function selects(selector: LabelSelector = {}, has: Labels): boolean {
  return hasAll(selector.matchLabels, has) && holds(selector, has);
}
