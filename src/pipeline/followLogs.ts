import { setTimeout as delay } from 'node:timers/promises';
import { isAbort, isUserError } from '../core/errors';
import type { LogLine, LogOptions } from '../core/logs';

/** The log of one model: `Target.logs` with the name filled in. */
export type LogSource = (options: LogOptions, signal: AbortSignal) => AsyncIterable<LogLine>;

/** What a view shows: a line, the fact that lines are missing between two of them, or that a new log begins. */
export type LogEntry =
  | { readonly kind: 'line'; readonly line: LogLine }
  | { readonly kind: 'gap'; readonly after: number; readonly lost: number }
  /** The model was removed and deployed again: what follows is numbered from 1. */
  | { readonly kind: 'restart' };

export interface FollowOptions {
  /** As in {@link LogOptions}; `after` wins. */
  readonly after?: number;
  readonly generation?: string | undefined;
  readonly tail?: number;
  readonly since?: string;
  /** Whether the model is still there; asked when its log ended without an error. */
  readonly exists: (signal: AbortSignal) => Promise<boolean>;
  /** Told before each wait; `error` is undefined when the log ended without one. */
  readonly onInterrupted?: (attempt: number, error: unknown) => void;
  /** Waits before a reconnection; by default a quarter of a second that doubles up to ten, with jitter. */
  readonly wait?: (attempt: number, signal: AbortSignal) => Promise<void>;
}

const firstWaitMs = 250;
const longestWaitMs = 10_000;
const quickRereads = 3;

/**
 * Follows a log through interruptions: every line once and in order. Lines with a number that was seen are dropped; a
 * jump is read again from where it was, and becomes a `gap` only when the next reading has the same one. Ends when
 * the model is gone.
 * @throws UserError ModelNotFound, and the signal's reason when aborted
 */
export async function* followLogs(
  source: LogSource,
  options: FollowOptions,
  signal: AbortSignal,
): AsyncGenerator<LogEntry> {
  const cursor = new Cursor(options.after, options.generation);
  let attempt = 0;
  for (;;) {
    const before = cursor.last;
    const end = yield* readOn(source(startAt(cursor, options), signal), cursor);
    signal.throwIfAborted();
    if (await isOver(end, options, signal)) return;
    attempt = cursor.last === before ? attempt + 1 : 1;
    if (end.kind === 'jumped' && attempt <= quickRereads) continue;
    options.onInterrupted?.(attempt, end.kind === 'failed' ? end.error : undefined);
    await (options.wait ?? backOff)(attempt, signal);
  }
}

function startAt({ last, generation }: Cursor, { tail, since }: FollowOptions): LogOptions {
  if (last !== undefined) return { follow: true, after: last, ...(generation === undefined ? {} : { generation }) };
  return { follow: true, ...(tail === undefined ? {} : { tail }), ...(since === undefined ? {} : { since }) };
}

/** @throws UserError ModelNotFound when that is how the log ended */
async function isOver(end: End, options: FollowOptions, signal: AbortSignal): Promise<boolean> {
  if (end.kind === 'failed' && isUserError(end.error) && end.error.code === 'ModelNotFound') throw end.error;
  return end.kind === 'ended' && !(await options.exists(signal));
}

type End =
  { readonly kind: 'ended' } | { readonly kind: 'jumped' } | { readonly kind: 'failed'; readonly error: unknown };

async function* readOn(lines: AsyncIterable<LogLine>, cursor: Cursor): AsyncGenerator<LogEntry, End> {
  try {
    for await (const line of lines) {
      if (cursor.restarts(line.generation)) yield { kind: 'restart' };
      const place = cursor.place(line);
      if (place === 'seen') continue;
      if (place === 'jump') return { kind: 'jumped' };
      if (place === 'gap') yield { kind: 'gap', after: cursor.last ?? 0, lost: line.seq - (cursor.last ?? 0) - 1 };
      cursor.last = line.seq;
      yield { kind: 'line', line };
    }
    return { kind: 'ended' };
  } catch (error) {
    if (isAbort(error)) throw error;
    return { kind: 'failed', error };
  }
}

/** The log and the number of the last line that was passed on, and where a jump was met that is not confirmed yet. */
class Cursor {
  last: number | undefined;
  generation: string | undefined;
  #suspected = '';

  constructor(last: number | undefined, generation: string | undefined) {
    this.last = last;
    this.generation = generation;
  }

  /** Whether a line of this generation begins another log; then counting starts over. */
  restarts(generation: string | undefined): boolean {
    const other = this.last !== undefined && this.generation !== undefined && generation !== this.generation;
    this.generation = generation;
    if (other) this.last = 0;
    return other;
  }

  place({ seq, lost }: LogLine): 'seen' | 'next' | 'jump' | 'gap' {
    if (this.last === undefined || seq === this.last + 1) return 'next';
    if (seq <= this.last) return 'seen';
    if (lost !== undefined) return 'gap';
    const jump = `${String(this.last)} to ${String(seq)}`;
    if (this.#suspected === jump) return 'gap';
    this.#suspected = jump;
    return 'jump';
  }
}

async function backOff(attempt: number, signal: AbortSignal): Promise<void> {
  const longest = Math.min(longestWaitMs, firstWaitMs * 2 ** (attempt - 1));
  await delay(longest * (0.5 + Math.random() / 2), undefined, { signal });
}

/** The highest number that an entry stands for. */
export function lastSeq(entry: LogEntry): number {
  switch (entry.kind) {
    case 'line':
      return entry.line.seq;
    case 'gap':
      return entry.after + entry.lost;
    case 'restart':
      return 0;
  }
}

/** What a log holds now, from its first kept line; jumps inside it are gaps. */
export async function* readLog(
  source: LogSource,
  begin: Pick<LogOptions, 'tail' | 'since'>,
  signal: AbortSignal,
): AsyncGenerator<LogEntry> {
  let last: number | undefined;
  for await (const line of source({ ...begin, follow: false }, signal)) {
    if (last !== undefined && line.seq > last + 1) yield { kind: 'gap', after: last, lost: line.seq - last - 1 };
    last = line.seq;
    yield { kind: 'line', line };
  }
}
