import { setTimeout as delay } from 'node:timers/promises';
import { isLasting } from '../../clients/kubernetes/failures';
import type { Cluster, ClusterRow, ClusterRows } from '../../core/cluster';
import { isUserError } from '../../core/errors';
import { rowId, type Below } from '../../tree/cluster/clusterTree';
import type { Disposable } from '../feed';
import { forHolders } from '../holders';
import { keepWatching, type Backoff } from '../keepWatching';

export interface ClusterStoreOptions {
  /** Finds the clusters; nothing is connected for it. Called again when the configuration changed. */
  discover(signal: AbortSignal): Promise<readonly Cluster[]>;
  /** Calls back when clusters may have come or gone. */
  onConfiguration?(changed: () => void): Disposable;
  readonly backoff?: Backoff;
  /** How long a configuration that lost something is mistrusted. */
  readonly doubtMs?: number;
}

/** A row that is open. */
interface OpenRow {
  cluster: Cluster;
  readonly parentId: string | undefined;
  row: ClusterRow | undefined;
  below: Below;
  watching: AbortController | undefined;
}

/** How long opening a row may take before the view says that it is still connecting. */
const patienceMs = 1500;
/** A file of which the half is written lacks clusters, or is broken; so long later it is whole. */
const doubtMs = 1000;
/** After a fault that a list does not heal by itself. */
const usual: Backoff = { firstMs: 1000, mostMs: 8000 };

/**
 * What the Clusters view shows. Only rows that are open are watched, and only while the view is visible; what was seen
 * last stays until then.
 */
export class ClusterStore implements Disposable {
  readonly #options: ClusterStoreOptions;
  readonly #listeners = new Set<() => void>();
  readonly #open = new Map<string, OpenRow>();
  #clusters: readonly Cluster[] = [];
  #isLoaded = false;
  #discoveries = 0;
  readonly #hold = forHolders(
    () => {
      this.#start();
    },
    () => {
      this.#stop();
    },
  );
  #holding: AbortController | undefined;

  constructor(options: ClusterStoreOptions) {
    this.#options = options;
  }

  get clusters(): readonly Cluster[] {
    return this.#clusters;
  }

  get loaded(): boolean {
    return this.#isLoaded;
  }

  below(id: string): Below | undefined {
    return this.#open.get(id)?.below;
  }

  onChange(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { dispose: () => this.#listeners.delete(listener) };
  }

  hold(): Disposable {
    return this.#hold();
  }

  /** Resolves when the clusters are known, for whoever holds the store. */
  async ready(): Promise<void> {
    await this.#until(() => this.#isLoaded);
  }

  /** Opens a row, and resolves when what stands below it is known or takes long. */
  async load(id: string): Promise<void> {
    const entry = this.#open.get(id) ?? this.#adopt(id);
    if (entry === undefined || isKnown(entry.below)) return;
    if (this.#holding !== undefined && entry.watching === undefined) this.#watch(id, entry);
    await this.#until(() => isKnown(entry.below));
  }

  /** The row was closed, with all below it. */
  close(id: string): void {
    this.#open.get(id)?.watching?.abort();
    this.#open.delete(id);
    for (const [child, { parentId }] of this.#open) if (parentId === id) this.close(child);
  }

  /** Looks for clusters again and opens all watches again, also those that were given up. */
  refresh(): void {
    if (this.#holding === undefined) return;
    this.#stop();
    this.#start();
  }

  dispose(): void {
    this.#stop();
    this.#listeners.clear();
  }

  #start(): void {
    const holding = new AbortController();
    this.#holding = holding;
    const { signal } = holding;
    const discover = (): void => {
      void this.#discover(signal);
    };
    const configuration = this.#options.onConfiguration?.(discover);
    signal.addEventListener('abort', () => configuration?.dispose(), { once: true });
    for (const [id, entry] of this.#open) this.#watch(id, entry);
    discover();
  }

  #stop(): void {
    this.#holding?.abort();
    this.#holding = undefined;
    for (const entry of this.#open.values()) {
      entry.watching?.abort();
      entry.watching = undefined;
    }
  }

  async #discover(signal: AbortSignal): Promise<void> {
    this.#discoveries++;
    const turn = this.#discoveries;
    let found = await this.#find(signal);
    if (this.#isLoaded && lost(this.#clusters, found)) {
      await this.#doubt(signal);
      found = await this.#find(signal);
    }
    if (signal.aborted || turn !== this.#discoveries) return;
    this.#clusters = found;
    this.#isLoaded = true;
    for (const [id, entry] of this.#open) this.#adjust(id, entry);
    for (const cluster of found) if (cluster.opensAtOnce && !this.#open.has(cluster.id)) void this.load(cluster.id);
    this.#tell();
  }

  #doubt(signal: AbortSignal): Promise<void> {
    return delay(this.#options.doubtMs ?? doubtMs, undefined, { signal }).catch(() => undefined);
  }

  #find(signal: AbortSignal): Promise<readonly Cluster[]> {
    return this.#options.discover(signal).catch(() => this.#clusters);
  }

  /** After the configuration changed: what is gone is closed, what is reached in another way is opened again. */
  #adjust(id: string, entry: OpenRow): void {
    const today = this.#clusters.find((one) => one.id === entry.cluster.id);
    if (today === undefined) {
      this.close(id);
      return;
    }
    const isAnother = today.revision !== entry.cluster.revision;
    entry.cluster = today;
    if (!isAnother || entry.watching === undefined) return;
    entry.watching.abort();
    this.#watch(id, entry);
  }

  /** Makes the entry of a row that is opened; undefined when there is no such row any more. */
  #adopt(id: string): OpenRow | undefined {
    const below = { value: undefined, problem: undefined };
    const top = this.#clusters.find((cluster) => cluster.id === id);
    if (top?.problem !== undefined) return undefined;
    const entry = top === undefined ? this.#rowOf(id) : { cluster: top, parentId: undefined, row: undefined };
    if (entry === undefined) return undefined;
    const made: OpenRow = { ...entry, below, watching: undefined };
    this.#open.set(id, made);
    return made;
  }

  #rowOf(id: string) {
    for (const [parentId, { cluster, below, row: parent }] of this.#open) {
      if (!id.startsWith(`${parentId}/`)) continue;
      const row = [...(below.value?.rows ?? []), ...(parent?.rows ?? [])].find((one) => rowId(parentId, one) === id);
      if (row !== undefined && row.rows === undefined) return { cluster, parentId, row };
    }
    return undefined;
  }

  #watch(id: string, entry: OpenRow): void {
    const watching = new AbortController();
    entry.watching = watching;
    const listener = {
      onValue: (value: ClusterRows) => {
        entry.below = { value, problem: undefined };
        this.#follow(id, value.rows);
        this.#tell();
      },
      onError: (error: unknown) => {
        entry.below = { value: staleValue(entry.below.value, error), problem: problemOf(entry.below.value, error) };
        if (isLasting(error)) watching.abort();
        this.#tell();
      },
    };
    const open = (signal: AbortSignal) => entry.cluster.watch(entry.row, signal);
    void keepWatching(open, listener, watching.signal, this.#options.backoff ?? usual);
  }

  /** Open rows that are gone are closed; the others take what is new about them. */
  #follow(parentId: string, rows: readonly ClusterRow[]): void {
    const open = [...this.#open].filter(([, entry]) => entry.parentId === parentId);
    if (open.length === 0) return;
    const byId = new Map(rows.map((row) => [rowId(parentId, row), row]));
    for (const [id, entry] of open) {
      const row = byId.get(id);
      if (row === undefined) this.close(id);
      else entry.row = row;
    }
  }

  async #until(isDone: () => boolean): Promise<void> {
    if (isDone()) return;
    await new Promise<void>((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        subscription.dispose();
        resolve();
      };
      const timer = setTimeout(end, patienceMs);
      const subscription = this.onChange(() => {
        if (isDone()) end();
      });
    });
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** Whether something is missing or broken that was not before. */
function lost(before: readonly Cluster[], now: readonly Cluster[]): boolean {
  const has = (all: readonly Cluster[], { id }: Cluster): boolean => all.some((one) => one.id === id);
  const isMissing = before.some((one) => one.problem === undefined && !has(now, one));
  return isMissing || now.some((one) => one.problem !== undefined && !has(before, one));
}

function isKnown({ value, problem }: Below): boolean {
  return value !== undefined || problem !== undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What was seen last is kept and marked. */
function staleValue(value: ClusterRows | undefined, error: unknown): ClusterRows | undefined {
  if (value === undefined || isLasting(error)) return undefined;
  return { ...value, stale: value.stale ?? { since: new Date(), message: messageOf(error) } };
}

function problemOf(value: ClusterRows | undefined, error: unknown): Below['problem'] {
  if (value !== undefined && !isLasting(error)) return undefined;
  return { code: isUserError(error) ? error.code : '', message: messageOf(error) };
}
