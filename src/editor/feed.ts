import { forHolders } from './holders';
import { keepWatching, type Backoff } from './keepWatching';

/** What is known of one source. */
export interface FeedEntry<Source, Value> {
  readonly source: Source;
  /** The last snapshot; undefined before the first one. */
  readonly value: Value | undefined;
  /** Why the snapshot may be old: the stream is broken and is being opened again. */
  readonly broken: { readonly since: Date; readonly message: string } | undefined;
}

/** What can be ended; the editor's own disposables are such too. */
export interface Disposable {
  dispose(): unknown;
}

export interface FeedOptions<Source, Value> {
  /** Finds the sources, once for each time that watching begins. */
  discover(signal: AbortSignal): Promise<readonly Source[]>;
  watch(source: Source, signal: AbortSignal): AsyncIterable<Value>;
  readonly backoff?: Backoff;
}

/**
 * The newest snapshot of every source. Streams are open only while someone holds the feed (a visible view); between
 * two holders the last snapshots stay, so that a view comes back as it was.
 */
export class Feed<Source extends { readonly id: string }, Value> implements Disposable {
  readonly #options: FeedOptions<Source, Value>;
  readonly #listeners = new Set<() => void>();
  #entries: readonly FeedEntry<Source, Value>[] = [];
  #discovered = false;
  readonly #hold = forHolders(
    () => {
      this.#start();
    },
    () => {
      this.#stop();
    },
  );
  #running: AbortController | undefined;

  constructor(options: FeedOptions<Source, Value>) {
    this.#options = options;
  }

  get entries(): readonly FeedEntry<Source, Value>[] {
    return this.#entries;
  }

  /** The last snapshot of a source. */
  valueOf({ id }: Source): Value | undefined {
    return this.#entries.find(({ source }) => source.id === id)?.value;
  }

  /** Whether every source has told its state, or that it cannot, at least once. */
  get loaded(): boolean {
    return this.#discovered && this.#entries.every((entry) => entry.value !== undefined || entry.broken !== undefined);
  }

  onChange(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { dispose: () => this.#listeners.delete(listener) };
  }

  /** Watches until disposed, and as long as another holder does. */
  hold(): Disposable {
    return this.#hold();
  }

  /** Opens all streams again, so that what a watch may have missed is seen. */
  restart(): void {
    if (this.#running === undefined) return;
    this.#stop();
    this.#start();
  }

  /** Takes a snapshot that somebody read on another way; sources that are not in it stay as they are. */
  publish(snapshots: readonly { readonly source: Source; readonly value: Value }[]): void {
    const fresh = snapshots.map(({ source, value }) => ({ source, value, broken: undefined }));
    const others = this.#entries.filter((entry) => fresh.every(({ source }) => source.id !== entry.source.id));
    this.#entries = [...fresh, ...others];
    this.#discovered = true;
    this.#tell();
  }

  dispose(): void {
    this.#stop();
    this.#listeners.clear();
  }

  #start(): void {
    const controller = new AbortController();
    this.#running = controller;
    const { signal } = controller;
    const follow = async function* (this: Feed<Source, Value>): AsyncGenerator<readonly Source[]> {
      const sources = await this.#options.discover(signal);
      yield sources;
      await Promise.all(sources.map((source) => this.#follow(source, signal)));
    }.bind(this);
    const listener = {
      onValue: (sources: readonly Source[]) => {
        if (!signal.aborted) this.#adopt(sources);
      },
      onError: () => undefined,
    };
    void keepWatching(follow, listener, signal, this.#options.backoff);
  }

  #stop(): void {
    this.#running?.abort();
    this.#running = undefined;
  }

  #adopt(sources: readonly Source[]): void {
    this.#entries = sources.map((source) => {
      const before = this.#entries.find((entry) => entry.source.id === source.id);
      return { source, value: before?.value, broken: undefined };
    });
    this.#discovered = true;
    this.#tell();
  }

  #follow(source: Source, signal: AbortSignal): Promise<void> {
    const listener = {
      onValue: (value: Value) => {
        this.#change(source.id, () => ({ value, broken: undefined }));
      },
      onError: (error: unknown) => {
        this.#change(source.id, (entry) => ({
          broken: {
            since: entry.broken?.since ?? new Date(),
            message: error instanceof Error ? error.message : String(error),
          },
        }));
      },
    };
    return keepWatching((inner) => this.#options.watch(source, inner), listener, signal, this.#options.backoff);
  }

  #change(id: string, change: (entry: FeedEntry<Source, Value>) => Partial<FeedEntry<Source, Value>>): void {
    this.#entries = this.#entries.map((entry) => (entry.source.id === id ? { ...entry, ...change(entry) } : entry));
    this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}
