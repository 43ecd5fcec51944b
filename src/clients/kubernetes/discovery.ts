import { isUserError } from '../../core/errors';
import { inParallel } from '../../core/parallel';
import type { KubeClient } from './client';
import type { Resource } from './objects';

interface Discovered {
  readonly resource: string;
  readonly responseKind?: { readonly kind?: string };
  readonly scope?: string;
  readonly verbs?: readonly string[];
}

/** https://kubernetes.io/docs/concepts/overview/kubernetes-api/#aggregated-discovery */
interface GroupDiscoveryList {
  readonly kind: 'APIGroupDiscoveryList';
  readonly items: readonly {
    readonly metadata: { readonly name: string };
    readonly versions: readonly { readonly version: string; readonly resources?: readonly Discovered[] }[];
  }[];
}

/** What servers before 1.26 answer. */
interface GroupList {
  readonly kind: 'APIGroupList';
  readonly groups: readonly { readonly preferredVersion: { readonly groupVersion: string } }[];
}

interface ResourceList {
  readonly resources: readonly {
    readonly name: string;
    readonly kind: string;
    readonly namespaced: boolean;
    readonly verbs: readonly string[];
  }[];
}

const aggregated = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
const aggregatedBeta = 'application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList';
const atOnce = 6;

/** The kinds of all groups that can be listed and watched, each in the version that the server prefers: one request. */
export async function discoverResources(client: KubeClient, signal: AbortSignal): Promise<readonly Resource[]> {
  const accept = `${aggregated},${aggregatedBeta},application/json`;
  const call = { what: 'read which kinds there are', path: '/apis', accept };
  const answer = await client.request<GroupDiscoveryList | GroupList>(call, signal);
  if (answer.kind === 'APIGroupList') return discoverEach(client, answer, signal);
  return answer.items.flatMap(({ metadata, versions }) => {
    const [preferred] = versions;
    return (preferred?.resources ?? []).filter(isWatchable).map((one) => ({
      apiVersion: `${metadata.name}/${preferred?.version ?? ''}`,
      plural: one.resource,
      kind: one.responseKind?.kind ?? one.resource,
      namespaced: one.scope === 'Namespaced',
    }));
  });
}

async function discoverEach(client: KubeClient, { groups }: GroupList, signal: AbortSignal) {
  const read = async ({ preferredVersion }: GroupList['groups'][number], abort: AbortSignal) => {
    const apiVersion = preferredVersion.groupVersion;
    const call = { what: `read the kinds of ${apiVersion}`, path: `/apis/${apiVersion}` };
    // An API that another server has may be away; it hides no other.
    const { resources } = await client.request<ResourceList>(call, abort).catch((error: unknown) => {
      if (isUserError(error)) return { resources: [] };
      throw error;
    });
    return resources
      .filter((one) => isWatchable(one) && !one.name.includes('/'))
      .map(({ name: plural, kind, namespaced }) => ({ apiVersion, plural, kind, namespaced }));
  };
  return (await inParallel(groups, atOnce, read, signal)).flat();
}

function isWatchable({ verbs = [] }: { readonly verbs?: readonly string[] }): boolean {
  return verbs.includes('list') && verbs.includes('watch');
}

/**
 * Names of what one version of a group serves, such as `httproutes`.
 * @throws UserError KubernetesNotFound when nothing serves it, and as KubeClient.request
 */
export async function servedNames(
  client: KubeClient,
  apiVersion: string,
  what: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const list = await client.request<Partial<ResourceList>>({ what, path: `/apis/${apiVersion}` }, signal);
  return (list.resources ?? []).map(({ name }) => name);
}
