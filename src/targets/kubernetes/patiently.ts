import { setTimeout as delay } from 'node:timers/promises';
import { isUserError } from '../../core/errors';

/** An API server that restarts is back within this time, or it is another trouble. */
const longestMs = 60_000;
/** So is what an API server asks before it does something. Those who read of it can mend it. */
const longestWebhookMs = 10_000;
const waitMs = 1000;

/** Does again what failed because the server was away. For what may be done twice. */
export async function patiently<T>(body: () => Promise<T>, signal: AbortSignal): Promise<T> {
  const began = performance.now();
  for (;;) {
    try {
      return await body();
    } catch (error) {
      signal.throwIfAborted();
      if (performance.now() - began > patienceWith(error)) throw error;
    }
    await delay(waitMs, undefined, { signal });
  }
}

function patienceWith(error: unknown): number {
  if (!isUserError(error)) return 0;
  if (error.code === 'KubernetesWebhookFailed') return longestWebhookMs;
  return /^Kubernetes(?:Unreachable|Failed|Busy)$/.test(error.code) ? longestMs : 0;
}
