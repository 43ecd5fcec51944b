import { isUserError } from '../../core/errors';
import { pause } from '../../core/pause';
import type { KubeCall } from './call';

const tries = 3;
const waitMs = 100;

/**
 * Asks again where the connection broke before the answer was whole, for calls that change nothing: who closes an idle
 * connection in the moment in which it is used, such as a load balancer, takes the next one.
 */
export async function askAgain<T>(call: KubeCall, ask: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask();
    } catch (error) {
      if (attempt === tries || !changesNothing(call) || !isBroken(error)) throw error;
    }
    await pause(waitMs * attempt, signal);
  }
}

function changesNothing({ method = 'GET', isQuestion = false }: KubeCall): boolean {
  return method === 'GET' || isQuestion;
}

function isBroken(error: unknown): boolean {
  if (!isUserError(error) || error.code !== 'KubernetesUnreachable') return false;
  const { code = '' } = (error.cause ?? {}) as NodeJS.ErrnoException;
  return code === 'ECONNRESET' || code === 'EPIPE';
}
