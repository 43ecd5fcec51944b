import { missingPermissions, type Permission } from '../../../clients/kubernetes/access';
import { findObject } from '../../../clients/kubernetes/change';
import { resourcePath, resources, type KubeObject } from '../../../clients/kubernetes/objects';
import { isUserError, UserError } from '../../../core/errors';
import { needsKey, type Exposure } from '../../../core/exposure';
import { inertText } from '../../../core/inertText';
import type { DeployIntent, Readiness } from '../../../core/target';
import { checkCapacity } from './capacity';
import { checkRoutes } from '../reach/expose';
import { routeKindsOf } from '../manifests/exposure';
import { labels, manager } from '../names';
import { checkReach } from './barring';
import { checkNodes } from './nodeFit';
import type { Deployment } from '../objects';
import { ownersOf } from '../change/owners';
import type { Place } from '../place';
import { unlessForbidden } from '../unlessForbidden';

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

/** What a deploy does besides for a model that is reached from beyond the cluster, or with a key. */
function exposurePermissions(exposure: Exposure | undefined): readonly Permission[] {
  const verbs = ['get', 'list', 'create', 'patch', 'delete'];
  const { kind } = exposure ?? {};
  return [
    ...(needsKey(exposure) ? allow('', 'secrets', 'get', 'patch') : []),
    ...(kind === 'ingress' ? allow('networking.k8s.io', 'ingresses', ...verbs) : []),
    ...(kind === 'httpRoute' ? allow('gateway.networking.k8s.io', 'httproutes', ...verbs) : []),
  ];
}

/**
 * Whether a model can be deployed to a place. Changes nothing.
 * @throws UserError NamespaceMissing, PermissionMissing, NameTaken, NameInvalid, ArchitectureMismatch, NoNodeFits,
 *   QuotaExceeded, LimitRangeExceeded, GatewayApiMissing, and of the client
 */
export async function checkPlace(place: Place, intent: DeployIntent, signal: AbortSignal): Promise<Readiness> {
  checkName(intent.name);
  const { exposure } = intent;
  const nodes = checkNodes(place, intent, signal);
  const reach = checkReach(place, intent, signal);
  const checks = [
    checkNamespace(place, signal),
    checkPermissions(place, [...deployPermissions, ...exposurePermissions(exposure)], signal),
    ...(exposure === undefined ? [] : [checkRoutes(place, exposure, signal)]),
    checkOwner(place, intent, signal).then((isThere) => checkCapacity(place, intent, !isThere, signal)),
  ];
  for (const check of [...checks, nodes, reach]) check.catch(() => undefined);
  // All at once, and of several failures the one that explains the others is told.
  for (const check of checks) await check;
  const { platform, warnings } = await nodes;
  return { platform, warnings: [...warnings, ...(await reach)] };
}

/** A Service becomes a name in DNS, which begins with a letter. */
function checkName(model: string): void {
  if (/^[a-z]/.test(model)) return;
  throw new UserError('NameInvalid', `${model} cannot be the name of a model on Kubernetes.`, {
    remedy: { kind: 'hint', label: `Begin it with a letter: m-${model}.` },
  });
}

/** @throws UserError NamespaceMissing, also of a namespace that is being deleted */
export async function checkNamespace({ client, namespace }: Place, signal: AbortSignal): Promise<void> {
  const state = await namespaceState({ client, namespace }, signal);
  if (state === 'there') return;
  const isGone = state === 'missing';
  const message = isGone
    ? `${client.context.name} has no namespace ${namespace}.`
    : `The namespace ${namespace} of ${client.context.name} is being deleted.`;
  const label = `Create it${isGone ? '' : ', once it is gone,'} with kubectl create namespace ${namespace}, or name another one.`;
  throw new UserError('NamespaceMissing', message, { remedy: { kind: 'hint', label } });
}

async function namespaceState(
  { client, namespace }: Place,
  signal: AbortSignal,
): Promise<'there' | 'ending' | 'missing'> {
  const path = resourcePath(resources.namespaces, undefined, namespace);
  try {
    const { metadata } = await client.request<KubeObject>({ what: `read the namespace ${namespace}`, path }, signal);
    return metadata.deletionTimestamp === undefined ? 'there' : 'ending';
  } catch (error) {
    // Who may work in a namespace need not be allowed to look at it.
    if (isUserError(error) && error.code === 'KubernetesForbidden') return 'there';
    if (isUserError(error) && error.code === 'NamespaceMissing') return 'missing';
    throw error;
  }
}

async function checkPermissions(
  { client, namespace }: Place,
  wanted: readonly Permission[],
  signal: AbortSignal,
): Promise<void> {
  const missing = await missingPermissions(client, namespace, wanted, signal);
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

/** @returns whether the model is there already */
async function checkOwner(
  { client, namespace }: Place,
  { name: model, exposure }: DeployIntent,
  signal: AbortSignal,
): Promise<boolean> {
  let isThere = false;
  for (const resource of [resources.deployments, resources.services, ...routeKindsOf(exposure)]) {
    const object = await findObject<Deployment>(client, { resource, namespace, name: model }, signal).catch(
      unlessForbidden(undefined),
    );
    if (object === undefined) continue;
    isThere ||= resource === resources.deployments;
    if (object.metadata.labels?.[labels.managedBy] === manager) continue;
    const [owner] = ownersOf(object.metadata);
    const maker = owner?.name ?? object.metadata.labels?.[labels.managedBy] ?? 'somebody else';
    throw new UserError(
      'NameTaken',
      `The namespace ${namespace} has a ${resource.kind} ${model} already, which ${inertText(maker)} made.`,
      { remedy: { kind: 'hint', label: 'Give the model another name, or choose another namespace.' } },
    );
  }
  return isThere;
}
