import { setTimeout as delay } from 'node:timers/promises';

export interface WatchListener<T> {
  onValue(value: T): void;
  /** The stream broke; it is opened again by itself. */
  onError(error: unknown): void;
}

export interface Backoff {
  readonly firstMs: number;
  readonly mostMs: number;
}

const normally: Backoff = { firstMs: 1000, mostMs: 30_000 };

/**
 * Follows a stream until aborted. When it ends or breaks it is opened again, after a wait that doubles from `firstMs`
 * to `mostMs` with jitter and is short again after the next value. Returns when the signal is aborted; never throws.
 */
export async function keepWatching<T>(
  open: (signal: AbortSignal) => AsyncIterable<T>,
  listener: WatchListener<T>,
  signal: AbortSignal,
  backoff: Backoff = normally,
): Promise<void> {
  let waitMs = backoff.firstMs;
  while (!signal.aborted) {
    try {
      for await (const value of open(signal)) {
        if (aborted(signal)) return;
        waitMs = backoff.firstMs;
        listener.onValue(value);
      }
      if (!aborted(signal)) listener.onError(new Error('The stream ended.'));
    } catch (error) {
      if (aborted(signal)) return;
      listener.onError(error);
    }
    const jitter = 0.5 + Math.random() / 2;
    await delay(waitMs * jitter, undefined, { signal, ref: false }).catch(() => undefined);
    waitMs = Math.min(waitMs * 2, backoff.mostMs);
  }
}

/** A function, since the compiler takes a property that was false for false for ever. */
function aborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
