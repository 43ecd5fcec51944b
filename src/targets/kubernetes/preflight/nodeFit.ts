import { resourcePath, resources } from '../../../clients/kubernetes/objects';
import { UserError } from '../../../core/errors';
import { formatPlatform, type Platform } from '../../../core/image';
import type { Finding } from '../../../core/project';
import { quantity } from '../../../core/quantity';
import type { DeployIntent, Readiness } from '../../../core/target';
import { askedBy } from './capacity';
import { requestedOn } from '../explore/nearestFit';
import type { Place } from '../place';
import { byNearness, misfitOf, misfitText, type Misfit, type NodeWithRoom, type Wanted } from './room';
import { unlessForbidden } from '../unlessForbidden';

interface Node extends NodeWithRoom {
  readonly status?: NodeWithRoom['status'] & { readonly nodeInfo?: { readonly architecture?: string } };
}

const usual: Platform = { os: 'linux', architecture: 'amd64' };
/** The first one where as many nodes have the other. */
const known: readonly Platform[] = [usual, { os: 'linux', architecture: 'arm64' }];

/**
 * The platform that most nodes have, of those that are wanted. Only those count that the placement allows.
 * @throws UserError ArchitectureMismatch, NoNodeFits
 */
export async function checkNodes({ client }: Place, intent: DeployIntent, signal: AbortSignal): Promise<Readiness> {
  const all = await listNodes(client, signal);
  const nodes = all.filter((node) => node.spec?.unschedulable !== true).map(withoutStates);
  const wanted = wantedBy(intent);
  const allowed = nodes.filter((node) => misfitOf(node, { ...wanted, requests: {} }, {}).against.length === 0);
  const platform = platformFor(allowed.length > 0 ? allowed : nodes, intent.platforms, client.context.name);
  const architectures = (intent.platforms ?? [platform]).map(({ architecture }) => architecture);
  const fitting = nodes.filter((node) => architectures.includes(architectureOf(node)));
  const message = misfit(fitting, wanted);
  if (message === undefined) return { platform, warnings: await fullness(client, fitting, wanted, signal) };
  if (all.some(isMadeOnDemand)) return { platform, warnings: [{ code: 'NoNodeFits', severity: 'warning', message }] };
  throw new UserError('NoNodeFits', message, {
    remedy: { kind: 'hint', label: 'Change resources or placement in slipway.yaml, or add a node that fits.' },
  });
}

function wantedBy(intent: DeployIntent): Wanted {
  const { nodeSelector = {}, tolerations = [] } = intent.placement ?? {};
  const requests = Object.entries(askedBy(intent).requests).map(([name, amount]) => [name, quantity(amount)] as const);
  return { requests: Object.fromEntries(requests), nodeSelector, tolerations };
}

/** Taints by which a node tells its state pass with that. */
function withoutStates(node: Node): Node {
  const taints = (node.spec?.taints ?? []).filter(({ key }) => !key.startsWith('node.kubernetes.io/'));
  return { ...node, spec: { ...node.spec, taints } };
}

function platformFor(nodes: readonly Node[], wanted: readonly Platform[] = known, cluster: string): Platform {
  const found = nodes.map(architectureOf);
  const count = ({ architecture }: Platform): number => found.filter((one) => one === architecture).length;
  const [most = usual] = [...wanted].sort((left, right) => count(right) - count(left));
  if (found.length > 0 && wanted !== known && count(most) === 0) {
    throw new UserError(
      'ArchitectureMismatch',
      `The nodes of ${cluster} are of ${[...new Set(found)].join(', ')}, and the image is for ${wanted.map(formatPlatform).join(' and ')}.`,
      { remedy: { kind: 'hint', label: 'Choose another platform, or leave it out.' } },
    );
  }
  return most;
}

function architectureOf({ status }: Node): string {
  return status?.nodeInfo?.architecture ?? '';
}

/** Why even an empty node would not take a replica, with the one that lacks least. */
function misfit(nodes: readonly Node[], wanted: Wanted): string | undefined {
  const [nearest] = nodes.map((node) => misfitOf(node, wanted, {})).sort(byNearness);
  if (nearest === undefined || fits(nearest)) return undefined;
  return `No node takes a replica. The nearest is ${nearest.node}, which ${misfitText(nearest)}.`;
}

function fits({ short, against }: Misfit): boolean {
  return short.length === 0 && against.length === 0;
}

/** So many nodes are looked at for room. */
const mostNodes = 10;

/** Room comes and goes, so that there is none now is no reason not to try. */
async function fullness(
  client: Place['client'],
  nodes: readonly Node[],
  wanted: Wanted,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const fitting = nodes.filter((node) => fits(misfitOf(node, wanted, {})));
  if (Object.keys(wanted.requests).length === 0 || fitting.length > mostNodes) return [];
  const full: Misfit[] = [];
  for (const node of fitting) {
    const taken = await requestedOn(client, node, signal).catch(unlessForbidden(undefined));
    const now = taken && misfitOf(node, wanted, taken);
    if (now === undefined || fits(now)) return [];
    full.push(now);
  }
  const [nearest] = full.sort(byNearness);
  if (nearest === undefined) return [];
  const message = `No node has room for a replica now. The nearest is ${nearest.node}, which ${misfitText(nearest)}.`;
  return [{ code: 'NodesFull', severity: 'warning', message }];
}

/** Labels of nodes that come and go as they are needed: a larger one may come. */
const onDemand =
  /^(?:karpenter\.sh\/|cloud\.google\.com\/gke-nodepool|eks\.amazonaws\.com\/nodegroup|kubernetes\.azure\.com\/agentpool)/;

function isMadeOnDemand({ metadata }: Node): boolean {
  return Object.keys(metadata.labels ?? {}).some((name) => onDemand.test(name));
}

/** Nodes belong to no namespace, so many users may not see them. */
async function listNodes(client: Place['client'], signal: AbortSignal): Promise<readonly Node[]> {
  const call = { what: 'list nodes', path: resourcePath(resources.nodes) };
  const none: { readonly items?: readonly Node[] } = {};
  const { items = [] } = await client.request<typeof none>(call, signal).catch(unlessForbidden(none));
  return items;
}
