import type { PodLogLine } from '../../clients/kubernetes/podLog';

/** Lines are remembered for so long: the API gives lines from the begin of a second, in about the order of their times. */
const windowMs = 3000;

/**
 * Which lines of a pod were read. A log that is read again from a moment on gives some lines twice; they are told by their
 * time, and by how many lines have that time.
 */
export class LogCursor {
  readonly #seen = new Map<string, number>();
  #newestMs = 0;
  #again = new Map<string, number>();

  /** Where to read on: RFC 3339 with whole seconds; undefined before the first line. */
  begin(): string | undefined {
    this.#again = new Map(this.#seen);
    if (this.#newestMs === 0) return undefined;
    return new Date(this.#newestMs - 1000).toISOString().replace(/\.\d+Z$/, 'Z');
  }

  /** Whether the line is new since {@link begin}; it counts as read from now on. */
  take({ time }: PodLogLine): boolean {
    const ms = Date.parse(time);
    if (Number.isNaN(ms)) return true;
    const left = this.#again.get(time) ?? 0;
    if (left > 0) {
      this.#again.set(time, left - 1);
      return false;
    }
    // Older than what is remembered: read before, since reading on begins within the window.
    if (this.#newestMs > 0 && ms < this.#newestMs - windowMs) return false;
    this.#seen.set(time, (this.#seen.get(time) ?? 0) + 1);
    if (ms > this.#newestMs) this.#newestMs = ms;
    this.#forget();
    return true;
  }

  /** Times come in about their order, so the oldest are the first ones of the map. */
  #forget(): void {
    for (const time of this.#seen.keys()) {
      if (Date.parse(time) >= this.#newestMs - windowMs) return;
      this.#seen.delete(time);
    }
  }

  copy(): LogCursor {
    const copy = new LogCursor();
    for (const [time, count] of this.#seen) copy.#seen.set(time, count);
    copy.#newestMs = this.#newestMs;
    return copy;
  }
}
