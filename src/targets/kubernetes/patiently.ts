import { setTimeout as delay } from 'node:timers/promises';
import { isUserError } from '../../core/errors';

/** An API server that restarts is back within this time, or it is another trouble. */
const longestMs = 60_000;
const waitMs = 1000;

/** Does again what failed because the server was away. For what may be done twice. */
export async function patiently<T>(body: () => Promise<T>, signal: AbortSignal): Promise<T> {
  const deadline = performance.now() + longestMs;
  for (;;) {
    try {
      return await body();
    } catch (error) {
      signal.throwIfAborted();
      if (!isAway(error) || performance.now() > deadline) throw error;
    }
    await delay(waitMs, undefined, { signal });
  }
}

function isAway(error: unknown): boolean {
  return isUserError(error) && /^Kubernetes(?:Unreachable|Failed|Busy)$/.test(error.code);
}
