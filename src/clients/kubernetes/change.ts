import type { KubeClient } from './client';
import { resourcePath, resources, type KubeObject, type Resource } from './objects';

/** Who owns the fields that Slipway sets, and who owns the number of replicas. */
export const fieldManager = 'slipway';
export const scaleManager = 'slipway-scale';

/** An object as it is sent: what is to be, not what is. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

/** One object of a namespace. */
export interface ObjectAddress {
  readonly resource: Resource;
  readonly namespace: string;
  readonly name: string;
}

const strict = { fieldManager, fieldValidation: 'Strict' };

function dry(isDry: boolean | undefined): { readonly dryRun?: 'All' } {
  return isDry === true ? { dryRun: 'All' } : {};
}

/**
 * Server-side apply: the object gets the fields of the manifest and loses those that the last apply had more.
 * @see https://kubernetes.io/docs/reference/using-api/server-side-apply/
 * @param force takes over fields that others own
 * @param dryRun the server tells what it would do, and does nothing
 * @throws UserError KubernetesConflict when somebody else owns a field, and as KubeClient.request
 */
export function applyObject<T extends KubeObject>(
  client: KubeClient,
  resource: Resource,
  manifest: Manifest,
  { force, dryRun }: { readonly force: boolean; readonly dryRun?: boolean },
  signal: AbortSignal,
): Promise<T> {
  const { name, namespace } = manifest.metadata;
  return client.request<T>(
    {
      what: `apply the ${resource.kind} ${name}`,
      method: 'PATCH',
      path: resourcePath(resource, namespace, name),
      query: { ...strict, force, ...dry(dryRun) },
      contentType: 'application/apply-patch+yaml',
      body: manifest,
    },
    signal,
  );
}

/** @throws UserError KubernetesConflict when there is one of that name, and as KubeClient.request */
export function createObject<T extends KubeObject>(
  client: KubeClient,
  resource: Resource,
  manifest: Manifest,
  signal: AbortSignal,
  dryRun = false,
): Promise<T> {
  const { name, namespace } = manifest.metadata;
  return client.request<T>(
    {
      what: `create the ${resource.kind} ${name}`,
      method: 'POST',
      path: resourcePath(resource, namespace),
      query: { ...strict, ...dry(dryRun) },
      body: manifest,
    },
    signal,
  );
}

/** Sets annotations, and removes those that are null. */
export function annotate(
  client: KubeClient,
  object: ObjectAddress,
  annotations: Readonly<Record<string, string | null>>,
  signal: AbortSignal,
): Promise<void> {
  return merge(client, 'annotate', object, '', { metadata: { annotations } }, signal);
}

/** Changes the number of replicas through the subresource that autoscalers use, too. */
export function scaleObject(
  client: KubeClient,
  object: ObjectAddress,
  replicas: number,
  signal: AbortSignal,
): Promise<void> {
  return merge(client, 'scale', object, '/scale', { spec: { replicas } }, signal);
}

/** Changes what does not belong to a release. */
async function merge(
  client: KubeClient,
  verb: string,
  { resource, namespace, name }: ObjectAddress,
  subresource: string,
  body: unknown,
  signal: AbortSignal,
): Promise<void> {
  await client.request(
    {
      what: `${verb} the ${resource.kind} ${name}`,
      method: 'PATCH',
      path: resourcePath(resource, namespace, name) + subresource,
      query: { fieldManager: scaleManager },
      contentType: 'application/merge-patch+json',
      body,
    },
    signal,
  );
}

/**
 * Nothing depends on these, so they go at once. Else they stay until the cluster's garbage collection comes by, and one that
 * is applied meanwhile goes with them.
 */
const leaves: ReadonlySet<string> = new Set([resources.ingresses.kind, resources.httpRoutes.kind]);

/** Deletes an object; one that is gone already is no failure. */
export async function deleteObject(
  client: KubeClient,
  { resource, namespace, name }: ObjectAddress,
  signal: AbortSignal,
): Promise<void> {
  await unlessMissing(
    client.request(
      {
        what: `delete the ${resource.kind} ${name}`,
        method: 'DELETE',
        path: resourcePath(resource, namespace, name),
        body: { propagationPolicy: leaves.has(resource.kind) ? 'Background' : 'Foreground' },
      },
      signal,
    ),
  );
}

/** One object; undefined when there is none. */
export function findObject<T extends KubeObject>(
  client: KubeClient,
  { resource, namespace, name }: ObjectAddress,
  signal: AbortSignal,
): Promise<T | undefined> {
  return unlessMissing(
    client.request<T>(
      { what: `read the ${resource.kind} ${name}`, path: resourcePath(resource, namespace, name) },
      signal,
    ),
  );
}

/** As {@link findObject}, for those who may list objects of a kind and not read each of them. */
export async function findInList<T extends KubeObject>(
  client: KubeClient,
  { resource, namespace, name }: ObjectAddress,
  signal: AbortSignal,
): Promise<T | undefined> {
  const { items = [] } = await client.request<{ readonly items?: readonly T[] }>(
    {
      what: `list ${resource.plural} in ${namespace}`,
      path: resourcePath(resource, namespace),
      query: { fieldSelector: `metadata.name=${name}` },
    },
    signal,
  );
  const [found] = items;
  // Objects of a list do not say what they are.
  return found && { ...found, apiVersion: resource.apiVersion, kind: resource.kind };
}

/** All objects of a kind in a namespace that a selector picks. */
export async function listObjects<T extends KubeObject>(
  client: KubeClient,
  { resource, namespace }: Omit<ObjectAddress, 'name'>,
  labelSelector: string,
  signal: AbortSignal,
): Promise<readonly T[]> {
  const list = await client.request<{ readonly items?: readonly T[] }>(
    {
      what: `list ${resource.plural} in ${namespace}`,
      path: resourcePath(resource, namespace),
      query: { labelSelector },
    },
    signal,
  );
  return list.items ?? [];
}

async function unlessMissing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'KubernetesNotFound') return undefined;
    throw error;
  }
}
