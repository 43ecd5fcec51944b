import type { ForwardState } from '../../core/cluster';
import type { Disposable } from '../feed';
import { keepWatching } from '../keepWatching';

/** A port of this machine that leads to pods. */
export interface Forward {
  readonly id: string;
  /** `web:8080` */
  readonly name: string;
  readonly where: string;
  readonly state: ForwardState | undefined;
  readonly problem: string | undefined;
}

/** One that a process of its own holds, which outlives the window. */
export interface LastingForward extends Forward {
  readonly stop: () => Promise<void>;
}

/** The port forwards of this window, which end with it, and the lasting ones of this machine. */
export class Forwards implements Disposable {
  readonly #entries = new Map<string, { forward: Forward; readonly stop: AbortController }>();
  readonly #listeners = new Set<() => void>();
  #count = 0;
  #lasting: readonly LastingForward[] = [];

  get all(): readonly Forward[] {
    return [...[...this.#entries.values()].map(({ forward }) => forward), ...this.#lasting];
  }

  setLasting(lasting: readonly LastingForward[]): void {
    const isSame = JSON.stringify(lasting) === JSON.stringify(this.#lasting);
    this.#lasting = lasting;
    if (!isSame) this.#tell();
  }

  onChange(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { dispose: () => this.#listeners.delete(listener) };
  }

  /** @returns when it leads somewhere, or when it is told why it does not yet */
  start(
    name: string,
    where: string,
    open: (local: number, signal: AbortSignal) => AsyncIterable<ForwardState>,
    wanted: number,
  ): Promise<Forward> {
    this.#count++;
    const id = String(this.#count);
    const stop = new AbortController();
    const first = Promise.withResolvers<Forward>();
    let local = wanted;
    const change = (rest: Partial<Forward>): void => {
      const entry = this.#entries.get(id);
      if (entry === undefined) return;
      entry.forward = { ...entry.forward, ...rest };
      if (rest.problem !== undefined || rest.state?.phase === 'active') first.resolve(entry.forward);
      this.#tell();
    };
    this.#entries.set(id, { forward: { id, name, where, state: undefined, problem: undefined }, stop });
    const listener = {
      onValue: (state: ForwardState) => {
        // After a fault the same port is wanted again.
        local = Number(new URL(state.url).port);
        change({ state, problem: undefined });
      },
      onError: (error: unknown) => {
        change({ problem: error instanceof Error ? error.message : String(error) });
      },
    };
    void keepWatching((signal) => open(local, signal), listener, stop.signal, { firstMs: 1000, mostMs: 4000 });
    this.#tell();
    return first.promise;
  }

  stop(id: string): void {
    void this.#lasting.find((one) => one.id === id)?.stop();
    this.#lasting = this.#lasting.filter((one) => one.id !== id);
    this.#entries.get(id)?.stop.abort();
    this.#entries.delete(id);
    this.#tell();
  }

  dispose(): void {
    for (const id of this.#entries.keys()) this.stop(id);
    this.#listeners.clear();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}
