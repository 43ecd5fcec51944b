import { setTimeout as delay } from 'node:timers/promises';
import type { ClusterRow, ClusterRows } from '../../../core/cluster';
import { latest } from '../../../core/latest';
import {
  watchList,
  type KubeClient,
  type KubeObject,
  type Watched,
  type WatchedList,
} from '../../../clients/kubernetes';

/** How often a list of rows is given at most: views draw no faster. */
export const paceMs = 250;

export interface ExploreOptions {
  /** Namespaces that the user named, for those who may not list them. */
  readonly namespaces: readonly string[];
  /** The namespace that the workspace is about. */
  readonly pinned?: string | undefined;
  /** Whether the user wants to cordon and drain nodes. */
  readonly nodeOperations: boolean;
}

/** What the watches of one cluster share. */
export interface Explorer extends ExploreOptions {
  readonly client: KubeClient;
  /** Namespace of the context, or the one that Kubernetes takes without. */
  readonly namespace: string;
}

/** Follows one list and turns it into rows. */
export async function* watchRows<Row extends ClusterRow>(
  explorer: Explorer,
  list: WatchedList,
  project: (object: KubeObject) => Row,
  arrange: (items: ReadonlyMap<string, Row>) => readonly ClusterRow[],
  signal: AbortSignal,
): AsyncGenerator<ClusterRows> {
  const open = (inner: AbortSignal) => ({ list: watchList(explorer.client, list, project, inner) });
  for await (const { list: watched } of latest(open, paceMs, signal))
    if (watched !== undefined) yield rowsOf(watched, arrange(watched.items));
}

export function rowsOf(watched: Watched<unknown>, rows: readonly ClusterRow[]): ClusterRows {
  const { complete, stale } = watched;
  return {
    rows,
    complete,
    stale: stale === undefined ? undefined : { since: stale.since, message: stale.error.message },
  };
}

/** Asks again and again; what fails keeps the last answer, and before the first one is undefined. */
export async function* poll<T>(
  ask: (signal: AbortSignal) => Promise<T>,
  everyMs: number,
  signal: AbortSignal,
): AsyncGenerator<T | undefined> {
  let last: T | undefined;
  for (;;) {
    last = await ask(signal).catch(() => last);
    signal.throwIfAborted();
    yield last;
    await delay(everyMs, undefined, { signal });
  }
}

/** Rows that nobody tells changes of, asked for again and again. @throws what the first answer was, when it is none */
export async function* pollRows(
  ask: (signal: AbortSignal) => Promise<readonly ClusterRow[]>,
  everyMs: number,
  signal: AbortSignal,
): AsyncGenerator<ClusterRows> {
  let rows = await ask(signal);
  for (;;) {
    yield { rows, complete: true };
    let since: Date | undefined;
    await delay(everyMs, undefined, { signal });
    for (;;) {
      const answer = await ask(signal).catch((error: unknown) => error);
      signal.throwIfAborted();
      if (Array.isArray(answer)) {
        rows = answer as readonly ClusterRow[];
        break;
      }
      since ??= new Date();
      const message = answer instanceof Error ? answer.message : String(answer);
      yield { rows, complete: true, stale: { since, message } };
      await delay(Math.min(everyMs, 3000), undefined, { signal });
    }
  }
}
