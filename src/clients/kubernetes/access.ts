import { inParallel } from '../../core/parallel';
import type { KubeClient } from './client';

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
 * Which of the permissions the user lacks. The cluster is asked, so it counts whatever decides there.
 * @see https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/self-subject-access-review-v1/
 */
export async function missingPermissions(
  client: KubeClient,
  namespace: string,
  wanted: readonly Permission[],
  signal: AbortSignal,
): Promise<readonly Permission[]> {
  const allowed = await inParallel(wanted, atOnce, (one, abort) => isAllowed(client, namespace, one, abort), signal);
  return wanted.filter((_, index) => allowed[index] !== true);
}

async function isAllowed(
  client: KubeClient,
  namespace: string,
  { verb, resource: named, group }: Permission,
  signal: AbortSignal,
): Promise<boolean> {
  const [resource, subresource] = named.split('/');
  const review = await client.request<{ readonly status?: { readonly allowed?: boolean } }>(
    {
      what: 'ask what you are allowed to do',
      method: 'POST',
      isQuestion: true,
      path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
      body: {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        spec: { resourceAttributes: { namespace, verb, group, resource, ...(subresource && { subresource }) } },
      },
    },
    signal,
  );
  return review.status?.allowed === true;
}
