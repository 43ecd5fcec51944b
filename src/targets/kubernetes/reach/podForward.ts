import { listenForPods, watchList, type KubeClient, type KubeObject } from '../../../clients/kubernetes';
import type { ForwardState } from '../../../core/cluster';
import { latest } from '../../../core/latest';

/** How fast a replaced pod is noticed. */
const paceMs = 100;

/** A pod that connections could go to. */
export interface Candidate {
  readonly name: string;
  readonly port: number;
  readonly isReady: boolean;
  /** The ready one with the highest is taken; of equal ones the newest. */
  readonly rank?: number;
  readonly createdAt: string;
}

export interface PodWay {
  readonly client: KubeClient;
  readonly namespace: string;
  /** Which pods take part: `labelSelector` or `fieldSelector`. */
  readonly query: Readonly<Record<string, string>>;
  readonly path: string;
  readonly candidate: (pod: KubeObject) => Candidate;
  /** What a connection fails with while no pod is ready. */
  readonly noPod: () => Error;
  /** The port of this machine, if it is free. */
  readonly local: number;
}

export interface PodWayState extends ForwardState {
  /** What the last connection failed with. */
  readonly lastFailure: () => unknown;
}

/**
 * A port of this machine that leads to one of several pods, and to another when that one leaves, until aborted. Each
 * connection goes to the pod that is the best then.
 */
export async function* forwardToPods(way: PodWay, signal: AbortSignal): AsyncGenerator<PodWayState> {
  const { client, namespace, query, path, candidate, noPod, local } = way;
  let best: Candidate | undefined;
  const choose = (): Promise<{ namespace: string; pod: string; port: number }> =>
    best === undefined ? Promise.reject(noPod()) : Promise.resolve({ namespace, pod: best.name, port: best.port });
  const listening = await listenForPods(client, choose, local);
  const { url, lastFailure } = listening;
  try {
    yield { phase: 'connecting', url, pod: undefined, lastFailure };
    let wasActive = false;
    const list = { what: `list the pods of ${namespace}`, path, query };
    const open = (inner: AbortSignal) => ({ pods: watchList(client, list, candidate, inner) });
    for await (const { pods } of latest(open, paceMs, signal)) {
      if (pods === undefined || (!pods.complete && pods.items.size === 0)) continue;
      best = bestOf([...pods.items.values()]);
      const reason = pods.stale?.error.message;
      const phase = phaseOf(best !== undefined && reason === undefined, wasActive);
      wasActive ||= phase === 'active';
      yield { phase, url, pod: best?.name, lastFailure, ...(reason === undefined ? {} : { reason }) };
    }
  } finally {
    await listening.close();
  }
}

function phaseOf(isActive: boolean, wasActive: boolean): ForwardState['phase'] {
  if (isActive) return 'active';
  return wasActive ? 'reconnecting' : 'connecting';
}

function bestOf(pods: readonly Candidate[]): Candidate | undefined {
  const [best] = pods
    .filter(({ isReady }) => isReady)
    .sort((left, right) => (right.rank ?? 0) - (left.rank ?? 0) || (left.createdAt < right.createdAt ? 1 : -1));
  return best;
}
