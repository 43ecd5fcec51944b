import type { IncomingMessage } from 'node:http';
import { pause } from '../../core/pause';
import type { KubeStatus } from './failures';

/** Who is told to wait longer is told so, rather than left without an answer. */
const longestWaitMs = 10_000;
/** A server's slip must not keep everybody away for ever. */
const longestRestMs = 120_000;

/** What a server that is asked too much wants: until then, nothing that shares a client asks it anything. */
export class Throttle {
  #until = Number.NEGATIVE_INFINITY;

  /** Those who waited together do not all come back together. @throws the signal's reason when aborted */
  async wait(signal: AbortSignal): Promise<void> {
    const left = this.#until - performance.now();
    if (left > 0) await pause(left * (1 + Math.random() / 4), signal);
  }

  /**
   * Takes a refusal to heart.
   * @returns whether to ask again after `wait`; false where it does not help, where the server may have done what it was
   *   asked, and where it wants a long rest
   */
  isToldToWait(status: number, { headers }: IncomingMessage, { details }: KubeStatus): boolean {
    if (status !== 429 && !(status === 503 && headers['retry-after'] !== undefined)) return false;
    const seconds = Number(headers['retry-after'] ?? details?.retryAfterSeconds ?? 1);
    const restMs = Math.min((Number.isFinite(seconds) ? Math.max(seconds, 0.1) : 1) * 1000, longestRestMs);
    this.#until = Math.max(this.#until, performance.now() + restMs);
    return restMs <= longestWaitMs;
  }
}
