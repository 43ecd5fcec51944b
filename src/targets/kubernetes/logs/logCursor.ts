import type { PodLogLine } from '../../../clients/kubernetes/logLines';

/** Lines are remembered for so long: the API gives lines from the begin of a second, in about the order of their times. */
const windowMs = 3000;

/**
 * Which lines of a log were read. A log that is read again from a moment on gives some lines twice; they are told by their
 * time, and by how many lines have that time. Lines come in the order of the file, so after one that is new all are.
 */
export class LogCursor {
  readonly #seen = new Map<string, number>();
  readonly #since: string | undefined;
  #newestMs = 0;
  /** The clock of the node stood there when it was put back. */
  #beforeStepMs = 0;
  #again = new Map<string, number>();
  #hasMet = true;
  #isNew = true;
  #isOtherFile = false;
  #rest = '';

  /** @param since where to begin, RFC 3339; by default at the begin of the log */
  constructor(since?: string) {
    this.#since = since;
  }

  /** Where to read on: RFC 3339 with whole seconds; undefined for the whole log. */
  begin(): string | undefined {
    this.#again = new Map(this.#seen);
    this.#isNew = false;
    this.#hasMet = this.#newestMs === 0 || this.#isOtherFile;
    this.#isOtherFile = false;
    if (this.#newestMs === 0) return this.#since;
    return new Date(this.#newestMs - 1000).toISOString().replace(/\.\d+Z$/, 'Z');
  }

  /** What is read next is the log of another container, which need not have a line that was read. */
  expectOther(): void {
    this.#isOtherFile = true;
  }

  /** The first new line, where the lines that were read last are not there any more: a hole is before it. */
  holeIn(lines: readonly PodLogLine[]): PodLogLine | undefined {
    if (this.#isNew || this.#hasMet) return undefined;
    const first = lines.find((line) => this.#again.has(line.time) || this.#isFresh(line));
    return first === undefined || this.#again.has(first.time) ? undefined : first;
  }

  /** Whether the line is new since {@link begin}; it counts as read from now on. */
  take(line: PodLogLine): boolean {
    const { time } = line;
    const ms = Date.parse(time);
    // The rest of a line that began before what was asked for, or, within a log, of one that the runtime has torn.
    if (Number.isNaN(ms)) return this.#isNew;
    if (!this.#isFresh(line)) {
      const left = this.#again.get(time) ?? 0;
      if (left > 0) this.#hasMet = true;
      if (left > 0) this.#again.set(time, left - 1);
      return false;
    }
    this.#isNew = true;
    this.#note(time, ms);
    return true;
  }

  /** Whether the rest of a log was met before: then it is no line that was read while it was written. */
  isRestAgain({ time, text }: PodLogLine): boolean {
    const rest = `${time} ${text}`;
    const isAgain = rest === this.#rest;
    this.#rest = rest;
    return isAgain;
  }

  #isFresh({ time }: PodLogLine): boolean {
    if (this.#isNew) return true;
    if ((this.#again.get(time) ?? 0) > 0) return false;
    const ms = Date.parse(time);
    if (Number.isNaN(ms)) return false;
    // Read before, since reading on begins within the window.
    if (this.#newestMs > 0 && ms < this.#newestMs - windowMs) return false;
    return this.#hasMet || ms <= this.#newestMs + windowMs || ms > this.#beforeStepMs;
  }

  #note(time: string, ms: number): void {
    if (ms < this.#newestMs - windowMs) {
      this.#beforeStepMs = this.#newestMs;
      this.#newestMs = 0;
      this.#seen.clear();
    }
    this.#seen.set(time, (this.#seen.get(time) ?? 0) + 1);
    if (ms <= this.#newestMs) return;
    this.#newestMs = ms;
    // Times come in about their order, so the oldest are the first ones of the map.
    for (const old of this.#seen.keys()) {
      if (Date.parse(old) >= ms - windowMs) return;
      this.#seen.delete(old);
    }
  }
}
