import { findObject } from '../../clients/kubernetes/change';
import { resources, type KubeObject } from '../../clients/kubernetes/objects';
import { isUserError } from '../../core/errors';
import type { Place } from './place';

interface ServiceAccount extends KubeObject {
  readonly imagePullSecrets?: readonly { readonly name: string }[];
}

/**
 * The pull secrets that the people who run a namespace gave to its default ServiceAccount: models have one of their own,
 * and pull from the same registries.
 * @see https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#add-imagepullsecrets-to-a-service-account
 */
export async function pullSecretsOf({ client, namespace }: Place, signal: AbortSignal): Promise<readonly string[]> {
  const address = { resource: resources.serviceAccounts, namespace, name: 'default' };
  try {
    const account = await findObject<ServiceAccount>(client, address, signal);
    return (account?.imagePullSecrets ?? []).map(({ name }) => name);
  } catch (error) {
    if (isUserError(error) && error.code === 'KubernetesForbidden') return [];
    throw error;
  }
}
