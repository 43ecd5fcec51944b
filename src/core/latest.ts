import { setTimeout as delay } from 'node:timers/promises';

type Values<Sources> = {
  readonly [Key in keyof Sources]: Sources[Key] extends AsyncIterable<infer T> ? T | undefined : never;
};

/**
 * The newest value of each of several streams, at once after the first and then at most every `intervalMs` when one
 * changed. The streams are read as fast as they come, so what makes them never waits for who looks at them.
 * Ends when all have ended.
 * @param open makes the streams; they must end when its signal is aborted
 * @throws what one of them throws; the others are ended then
 */
export async function* latest<Sources extends Readonly<Record<string, AsyncIterable<unknown>>>>(
  open: (signal: AbortSignal) => Sources,
  intervalMs: number,
  signal: AbortSignal,
): AsyncGenerator<Values<Sources>> {
  const values: Record<string, unknown> = {};
  const stop = new AbortController();
  const inner = AbortSignal.any([signal, stop.signal]);
  const news = new News();
  const abort = (): void => {
    news.tell();
  };
  inner.addEventListener('abort', abort, { once: true });
  const pumps = Object.entries(open(inner)).map(async ([name, source]) => {
    for await (const value of source) {
      values[name] = value;
      news.tell();
    }
  });
  const state = { isOpen: true };
  const failures: unknown[] = [];
  void Promise.all(pumps).then(
    () => {
      state.isOpen = false;
      news.tell();
    },
    (error: unknown) => {
      failures.push(error);
      news.tell();
    },
  );
  try {
    for (;;) {
      await news.next();
      signal.throwIfAborted();
      if (failures.length > 0) throw failures[0];
      yield { ...values } as Values<Sources>;
      if (!state.isOpen) return;
      await delay(intervalMs, undefined, { signal });
    }
  } finally {
    stop.abort();
    inner.removeEventListener('abort', abort);
    await Promise.allSettled(pumps);
  }
}

/** Wakes one waiter, or the next to come. */
class News {
  #isThere = false;
  #wake: () => void = () => undefined;

  tell(): void {
    this.#isThere = true;
    this.#wake();
  }

  async next(): Promise<void> {
    if (!this.#isThere) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#isThere = false;
  }
}
