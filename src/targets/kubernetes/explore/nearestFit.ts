import { setTimeout as delay } from 'node:timers/promises';
import {
  isLasting,
  listPages,
  resourcePath,
  resources,
  type KubeClient,
  type KubeObject,
} from '../../../clients/kubernetes';
import type { Amounts, NoteRow, PodRow } from '../../../core/cluster';
import { isUserError } from '../../../core/errors';
import { inertText } from '../../../core/inertText';
import {
  byNearness,
  misfitOf,
  misfitText,
  type Misfit,
  type NodeWithRoom,
  type Term,
  type Toleration,
  type Wanted,
} from '../preflight/room';
import { podRow, sum } from './podRow';

/** Of so many nodes the pods are read: those that would fit best if they were empty. */
const mostLookedAt = 5;

interface Placed extends KubeObject {
  readonly spec: {
    readonly nodeName?: string;
    readonly nodeSelector?: Readonly<Record<string, string>>;
    readonly tolerations?: readonly Toleration[];
    readonly affinity?: {
      readonly nodeAffinity?: {
        readonly requiredDuringSchedulingIgnoredDuringExecution?: { readonly nodeSelectorTerms?: readonly Term[] };
      };
    };
  };
}

/** A node may come or get room at any time. */
const everyMs = 15_000;

/**
 * Which node would take a pod first, and what keeps it from that, until the pod has its node: undefined then. Ends where
 * nodes or all pods may not be listed, since asking again does not change that.
 */
export async function* watchNearestFit(
  client: KubeClient,
  pod: PodRow,
  signal: AbortSignal,
): AsyncGenerator<NoteRow | undefined> {
  for (;;) {
    try {
      const fit = await nearestFit(client, pod, signal);
      yield fit;
      if (fit === undefined) return;
    } catch (error) {
      signal.throwIfAborted();
      if (!isUserError(error) || isLasting(error)) return;
    }
    await delay(everyMs, undefined, { signal });
  }
}

async function nearestFit(client: KubeClient, pod: PodRow, signal: AbortSignal): Promise<NoteRow | undefined> {
  const path = resourcePath(resources.pods, pod.namespace, pod.name);
  const placed = await client.request<Placed>({ what: `read the Pod ${pod.name}`, path }, signal);
  if (placed.spec.nodeName !== undefined) return undefined;
  const wanted = wantedBy(placed, byResource(pod.requests, 1));
  const nodes = await nearestIfEmpty(client, wanted, signal);
  const misfits = await Promise.all(
    nodes.map(async (node) => misfitOf(node, wanted, await requestedOn(client, node, signal))),
  );
  const [nearest] = misfits.sort(byNearness);
  return { kind: 'note', id: 'fit', name: '', note: 'info', message: inertText(words(nearest)) };
}

function wantedBy({ spec }: Placed, requests: Wanted['requests']): Wanted {
  const { nodeSelector = {}, tolerations = [], affinity } = spec;
  const terms = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  return { requests, nodeSelector, tolerations, terms };
}

/** Clusters are large: of each page only the best are kept. */
async function nearestIfEmpty(
  client: KubeClient,
  wanted: Wanted,
  signal: AbortSignal,
): Promise<readonly NodeWithRoom[]> {
  let best: readonly { readonly node: NodeWithRoom; readonly misfit: Misfit }[] = [];
  for await (const { items } of listPages(
    client,
    { what: 'list nodes', path: resourcePath(resources.nodes) },
    signal,
  )) {
    const more = items.map((node: NodeWithRoom) => ({ node, misfit: misfitOf(node, wanted, {}) }));
    best = [...best, ...more].sort((left, right) => byNearness(left.misfit, right.misfit)).slice(0, mostLookedAt);
  }
  return best.map(({ node }) => node);
}

/** What the pods of a node ask for together, themselves counted. */
export async function requestedOn(
  client: KubeClient,
  { metadata }: NodeWithRoom,
  signal: AbortSignal,
): Promise<Wanted['requests']> {
  const query = { fieldSelector: `spec.nodeName=${metadata.name}`, resourceVersion: 0 };
  const call = { what: 'list the pods of all namespaces', path: resourcePath(resources.pods), query };
  const { items = [] } = await client.request<{ readonly items?: readonly KubeObject[] }>(call, signal);
  const pods = items.map(podRow).filter(({ state, status }) => state !== 'done' && status !== 'Failed');
  return byResource(sum(pods.map(({ requests }) => requests)), pods.length);
}

function byResource({ cpu, memory, devices }: Amounts, pods: number): Wanted['requests'] {
  return { ...devices, cpu, memory, pods };
}

function words(nearest: Misfit | undefined): string {
  if (nearest === undefined) return 'Nearest fit: none, the cluster has no nodes';
  const lacks = misfitText(nearest) || 'has the room; volumes, ports or other pods keep it away';
  return `Nearest fit: ${nearest.node}, which ${lacks}`;
}
