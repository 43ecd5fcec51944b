import { resourcePath, resources, type KubeObject } from '../../clients/kubernetes/objects';
import { UserError } from '../../core/errors';
import { formatPlatform, type Platform } from '../../core/image';
import { quantity } from '../../core/quantity';
import type { DeployIntent, Readiness } from '../../core/target';
import { askedBy } from './capacity';
import type { Place } from './place';
import { unlessForbidden } from './unlessForbidden';

interface Node extends KubeObject {
  readonly spec?: { readonly unschedulable?: boolean };
  readonly status?: {
    readonly nodeInfo?: { readonly architecture?: string };
    readonly allocatable?: Readonly<Record<string, string>>;
  };
}

const usual: Platform = { os: 'linux', architecture: 'amd64' };

/**
 * The platform that is wanted, if nodes have it; else what most nodes have.
 * @throws UserError ArchitectureMismatch, NoNodeFits
 */
export async function checkNodes({ client }: Place, intent: DeployIntent, signal: AbortSignal): Promise<Readiness> {
  const all = await listNodes(client, signal);
  const nodes = all.filter((node) => node.spec?.unschedulable !== true);
  const platform = platformFor(nodes, intent.platform, client.context.name);
  const fitting = nodes.filter((node) => architectureOf(node) === platform.architecture);
  const message = misfit(fitting, intent);
  if (message === undefined) return { platform, warnings: [] };
  if (all.some(isMadeOnDemand)) return { platform, warnings: [{ code: 'NoNodeFits', severity: 'warning', message }] };
  throw new UserError('NoNodeFits', message, {
    remedy: { kind: 'hint', label: 'Ask for less under resources in slipway.yaml, or add a larger node.' },
  });
}

function platformFor(nodes: readonly Node[], wanted: Platform | undefined, cluster: string): Platform {
  const found = nodes.map(architectureOf);
  if (found.length === 0) return wanted ?? usual;
  if (wanted !== undefined && !found.includes(wanted.architecture)) {
    throw new UserError(
      'ArchitectureMismatch',
      `The nodes of ${cluster} are of ${[...new Set(found)].join(', ')}, and the image would be for ${formatPlatform(wanted)}.`,
      { remedy: { kind: 'hint', label: 'Choose another platform, or leave it out.' } },
    );
  }
  const count = (architecture: string): number => found.filter((one) => one === architecture).length;
  return wanted ?? (count('arm64') > count('amd64') ? { os: 'linux', architecture: 'arm64' } : usual);
}

function architectureOf({ status }: Node): string {
  return status?.nodeInfo?.architecture ?? '';
}

/** Why even an empty node would not take a replica, with the one that lacks least. */
function misfit(nodes: readonly Node[], intent: DeployIntent): string | undefined {
  const asked = Object.entries(askedBy(intent).requests);
  const share = ({ status }: Node): number =>
    Math.min(1, ...asked.map(([name, amount]) => quantity(status?.allocatable?.[name]) / quantity(amount)));
  const [nearest] = nodes.toSorted((left, right) => share(right) - share(left));
  if (nearest === undefined || share(nearest) >= 1) return undefined;
  const lacking = asked
    .filter(([name, amount]) => quantity(nearest.status?.allocatable?.[name]) < quantity(amount))
    .map(([name, amount]) => `${readable(nearest.status?.allocatable?.[name] ?? '0')} of ${amount} ${name}`);
  return `No node is large enough for a replica. The nearest is ${nearest.metadata.name}, which has ${lacking.join(' and ')}.`;
}

/** Kubelets tell memory in Ki. */
function readable(amount: string): string {
  return amount.endsWith('Ki') ? `${String(Math.floor(quantity(amount) / 2 ** 20))}Mi` : amount;
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
