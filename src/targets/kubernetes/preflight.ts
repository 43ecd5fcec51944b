import { missingPermissions, type Permission } from '../../clients/kubernetes/access';
import { findObject } from '../../clients/kubernetes/change';
import { resourcePath, resources, type KubeObject } from '../../clients/kubernetes/objects';
import { isUserError, UserError } from '../../core/errors';
import { formatPlatform, type Platform } from '../../core/image';
import { labels, manager } from './names';
import type { Deployment } from './objects';
import type { Place } from './place';

const allow = (group: string, resource: string, ...verbs: readonly string[]): readonly Permission[] =>
  verbs.map((verb) => ({ group, resource, verb }));

/** What a deploy does in a namespace; docs/rbac.yaml gives the same. */
export const deployPermissions: readonly Permission[] = [
  ...allow('apps', 'deployments', 'get', 'list', 'watch', 'create', 'patch', 'delete'),
  ...allow('apps', 'deployments/scale', 'patch'),
  ...allow('autoscaling', 'horizontalpodautoscalers', 'list', 'watch', 'create', 'patch', 'delete'),
  ...allow('policy', 'poddisruptionbudgets', 'list', 'create', 'patch', 'delete'),
  ...allow('networking.k8s.io', 'networkpolicies', 'list', 'create', 'patch', 'delete'),
  ...allow('', 'services', 'list', 'watch', 'create', 'patch', 'delete'),
  ...allow('', 'serviceaccounts', 'get', 'list', 'create', 'patch', 'delete'),
  ...allow('', 'configmaps', 'get', 'list', 'watch', 'create', 'patch', 'delete'),
  ...allow('', 'secrets', 'list', 'create', 'delete'),
  ...allow('', 'pods', 'list', 'watch'),
  ...allow('', 'pods/log', 'get'),
  ...allow('', 'pods/portforward', 'create'),
  ...allow('coordination.k8s.io', 'leases', 'get', 'create', 'patch', 'delete'),
];

/**
 * Whether a model can be deployed to a place. Changes nothing.
 * @throws UserError NamespaceMissing, PermissionMissing, NameTaken, NameInvalid, ArchitectureMismatch, and of the client
 */
export async function checkPlace(
  place: Place,
  model: string,
  platform: Platform | undefined,
  signal: AbortSignal,
): Promise<Platform> {
  checkName(model);
  await checkNamespace(place, signal);
  await checkPermissions(place, signal);
  await checkOwner(place, model, signal);
  return checkNodes(place, platform, signal);
}

/** A Service becomes a name in DNS, which begins with a letter. */
function checkName(model: string): void {
  if (/^[a-z]/.test(model)) return;
  throw new UserError('NameInvalid', `${model} cannot be the name of a model on Kubernetes.`, {
    remedy: { kind: 'hint', label: `Begin it with a letter: m-${model}.` },
  });
}

async function checkNamespace({ client, namespace }: Place, signal: AbortSignal): Promise<void> {
  const path = resourcePath(resources.namespaces, undefined, namespace);
  try {
    await client.request({ what: `read the namespace ${namespace}`, path }, signal);
  } catch (error) {
    if (!isUserError(error)) throw error;
    // Who may work in a namespace need not be allowed to look at it.
    if (error.code === 'KubernetesForbidden') return;
    if (error.code !== 'KubernetesNotFound') throw error;
    throw new UserError('NamespaceMissing', `${client.context.name} has no namespace ${namespace}.`, {
      cause: error,
      remedy: { kind: 'hint', label: `Create it with kubectl create namespace ${namespace}, or name another one.` },
    });
  }
}

async function checkPermissions({ client, namespace }: Place, signal: AbortSignal): Promise<void> {
  const missing = await missingPermissions(client, namespace, deployPermissions, signal);
  if (missing.length === 0) return;
  const list = missing.map(({ verb, resource }) => `${verb} ${resource}`).join(', ');
  throw new UserError(
    'PermissionMissing',
    `You are not allowed to do all that a deploy needs in the namespace ${namespace} of ${client.context.name}. Missing: ${list}.`,
    {
      remedy: { kind: 'hint', label: 'Ask who runs the cluster for the Role in docs/rbac.yaml.' },
      details: { missing },
    },
  );
}

async function checkOwner({ client, namespace }: Place, model: string, signal: AbortSignal): Promise<void> {
  for (const resource of [resources.deployments, resources.services]) {
    const object = await findObject<Deployment>(client, { resource, namespace, name: model }, signal).catch(
      (error: unknown) => {
        if (isUserError(error) && error.code === 'KubernetesForbidden') return undefined;
        throw error;
      },
    );
    if (object === undefined || object.metadata.labels?.[labels.managedBy] === manager) continue;
    const owner = ownerOf(object);
    throw new UserError(
      'NameTaken',
      `The namespace ${namespace} has a ${resource.kind} ${model} already, which ${owner} made.`,
      { remedy: { kind: 'hint', label: 'Give the model another name, or choose another namespace.' } },
    );
  }
}

/** Who keeps an object, as far as it tells. */
function ownerOf({ metadata: { labels: marks = {}, annotations: notes = {} } }: KubeObject): string {
  if ('argocd.argoproj.io/tracking-id' in notes || 'argocd.argoproj.io/instance' in marks) return 'Argo CD';
  if ('kustomize.toolkit.fluxcd.io/name' in marks || 'helm.toolkit.fluxcd.io/name' in marks) return 'Flux';
  return marks[labels.managedBy] ?? 'somebody else';
}

interface Node extends KubeObject {
  readonly spec?: { readonly unschedulable?: boolean };
  readonly status?: { readonly nodeInfo?: { readonly architecture?: string } };
}

const usual: Platform = { os: 'linux', architecture: 'amd64' };

/** The platform that is wanted, if nodes have it; else what most nodes have. */
async function checkNodes({ client }: Place, wanted: Platform | undefined, signal: AbortSignal): Promise<Platform> {
  const nodes = await listNodes(client, signal);
  const found = nodes
    .filter((node) => node.spec?.unschedulable !== true)
    .map((node) => node.status?.nodeInfo?.architecture ?? '');
  if (found.length === 0) return wanted ?? usual;
  if (wanted !== undefined && !found.includes(wanted.architecture)) {
    const have = [...new Set(found)].join(', ');
    throw new UserError(
      'ArchitectureMismatch',
      `The nodes of ${client.context.name} are of ${have}, and the image would be for ${formatPlatform(wanted)}.`,
      { remedy: { kind: 'hint', label: 'Choose another platform, or leave it out.' } },
    );
  }
  const count = (architecture: string): number => found.filter((one) => one === architecture).length;
  return wanted ?? (count('arm64') > count('amd64') ? { os: 'linux', architecture: 'arm64' } : usual);
}

/** Nodes belong to no namespace, so many users may not see them. */
async function listNodes(client: Place['client'], signal: AbortSignal): Promise<readonly Node[]> {
  try {
    const path = resourcePath(resources.nodes);
    return (
      (await client.request<{ readonly items?: readonly Node[] }>({ what: 'list nodes', path }, signal)).items ?? []
    );
  } catch (error) {
    if (isUserError(error) && error.code === 'KubernetesForbidden') return [];
    throw error;
  }
}
