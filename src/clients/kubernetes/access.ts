import { isUserError } from '../../core/errors';
import { inParallel } from '../../core/parallel';
import type { KubeClient } from './client';
import { isLasting } from './failures';

/** Something that one may or may not do in a namespace, as RBAC names it. */
export interface Permission {
  readonly verb: string;
  /** Plural, with a subresource: `pods/log`. */
  readonly resource: string;
  /** Empty for the core. */
  readonly group: string;
}

const atOnce = 8;

/**
 * Which of the permissions the user lacks, in a namespace or, with an empty one, in the cluster. What the rules of the
 * namespace grant is one question; what they do not show is asked one by one, so it counts whatever decides there.
 * @see https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/self-subject-rules-review-v1/
 */
export async function missingPermissions(
  client: KubeClient,
  namespace: string,
  wanted: readonly Permission[],
  signal: AbortSignal,
): Promise<readonly Permission[]> {
  const rules = namespace === '' ? [] : await rulesOf(client, namespace, signal);
  const unsure = wanted.filter((one) => !rules.some((rule) => grants(rule, one)));
  const allowed = await inParallel(unsure, atOnce, (one, abort) => isAllowed(client, namespace, one, abort), signal);
  return unsure.filter((_, index) => allowed[index] !== true);
}

interface Rule {
  readonly verbs: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
}

interface RulesReview {
  readonly status?: {
    /** Somebody decides, too, who has no rules to show, and may refuse what these grant. */
    readonly incomplete?: boolean;
    readonly resourceRules?: readonly Rule[];
  };
}

/** None where they do not tell, or not all. */
async function rulesOf(client: KubeClient, namespace: string, signal: AbortSignal): Promise<readonly Rule[]> {
  try {
    const { status } = await review<RulesReview>(client, 'SelfSubjectRulesReview', { namespace }, signal);
    return status?.incomplete === false ? (status.resourceRules ?? []) : [];
  } catch (error) {
    if (isLasting(error) || (isUserError(error) && error.code === 'KubernetesFailed')) return [];
    throw error;
  }
}

function grants(rule: Rule, { verb, resource, group }: Permission): boolean {
  const { verbs, apiGroups = [], resources = [], resourceNames = [] } = rule;
  const has = (list: readonly string[], one: string): boolean => list.includes(one) || list.includes('*');
  return resourceNames.length === 0 && has(verbs, verb) && has(apiGroups, group) && has(resources, resource);
}

/** @see https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/self-subject-access-review-v1/ */
async function isAllowed(
  client: KubeClient,
  namespace: string,
  { verb, resource: named, group }: Permission,
  signal: AbortSignal,
): Promise<boolean> {
  const [resource, subresource] = named.split('/');
  const resourceAttributes = { namespace, verb, group, resource, ...(subresource && { subresource }) };
  const { status } = await review<{ readonly status?: { readonly allowed?: boolean } }>(
    client,
    'SelfSubjectAccessReview',
    { resourceAttributes },
    signal,
  );
  return status?.allowed === true;
}

function review<T>(client: KubeClient, kind: string, spec: object, signal: AbortSignal): Promise<T> {
  const apiVersion = 'authorization.k8s.io/v1';
  const path = `/apis/${apiVersion}/${kind.toLowerCase()}s`;
  const body = { apiVersion, kind, spec };
  return client.request<T>(
    { what: 'ask what you are allowed to do', method: 'POST', isQuestion: true, path, body },
    signal,
  );
}
