import { BoundedQueue, type QueueLimits } from '../../pipeline/boundedQueue';
import { lastSeq, type LogEntry } from '../../pipeline/followLogs';
import type { LogFilter } from '../../pipeline/logFilter';
import { inOrder, lackingIn } from './logMerge';
import { entryText, marker } from './logText';

/** Where text is shown: an output channel, or a test's string. */
export interface LogSink {
  append(text: string): void;
  replace(text: string): void;
}

/** What the view keeps in memory; older lines are in the log on disk. */
export const paneLimits: QueueLimits = { items: 10_000, bytes: 8_000_000 };

/** The sink is filled afresh once it holds this many times what the pane keeps. */
const sinkFactor = 2;

/**
 * The newest entries of a log and how they are shown. Entries come in at any rate with `add`; `flush` shows what came
 * since the last one, so its caller decides how often the sink is touched. Memory is bounded by `limits`, also while
 * paused, and the sink by twice that.
 */
export class LogPane {
  readonly #sink: LogSink;
  readonly #limits: QueueLimits;
  readonly #sources = new Set<string>();
  #recent: BoundedQueue<LogEntry>;
  #filter: LogFilter | undefined;
  #paused = false;
  /** Position of the first entry that the sink has not seen. */
  #next = 0;
  #sinkBytes = 0;
  #sinkLines = 0;

  constructor(sink: LogSink, limits: QueueLimits = paneLimits) {
    this.#sink = sink;
    this.#limits = limits;
    this.#recent = new BoundedQueue(limits, entryBytes);
  }

  get filter(): LogFilter | undefined {
    return this.#filter;
  }

  get paused(): boolean {
    return this.#paused;
  }

  get bytes(): number {
    return this.#recent.bytes;
  }

  get hasNews(): boolean {
    return !this.#paused && this.#next < this.#recent.end;
  }

  /** Who wrote lines so far, such as `3/0`. */
  get sources(): readonly string[] {
    return [...this.#sources].sort();
  }

  add(entry: LogEntry): void {
    if (entry.kind === 'restart') this.#forget();
    this.#remember(entry);
    this.#recent.push(entry);
  }

  /** Lines of a log that is gone stay in the sink, but a new filter does not find them again. */
  #forget(): void {
    this.flush();
    this.#recent = new BoundedQueue(this.#limits, entryBytes);
    this.#next = 0;
  }

  /** Shows what came since the last time, in one append. */
  flush(): void {
    if (!this.hasNews) return;
    const missed = this.#recent.start - this.#next;
    const lines =
      missed > 0 ? [marker(`${String(missed)} lines came too fast to be shown here; they are in the saved log`)] : [];
    for (const entry of this.#recent.from(this.#next)) if (this.#isShown(entry)) lines.push(entryText(entry));
    this.#next = this.#recent.end;
    if (lines.length === 0) return;
    const text = `${lines.join('\n')}\n`;
    if (
      this.#sinkBytes + 2 * text.length > sinkFactor * this.#limits.bytes ||
      this.#sinkLines + lines.length > sinkFactor * this.#limits.items
    )
      this.#showRecent();
    else this.#put(text, lines.length, 'append');
  }

  pause(): void {
    this.flush();
    this.#paused = true;
    this.#put(`${marker('Paused; lines that come meanwhile are kept')}\n`, 1, 'append');
  }

  #remember(entry: LogEntry): void {
    if (entry.kind === 'line') this.#sources.add(entry.line.source);
  }

  /** Says something that no replica wrote, such as a lost connection. */
  note(text: string): void {
    if (this.#paused) return;
    this.flush();
    this.#put(`${marker(text)}\n`, 1, 'append');
  }

  /**
   * Shows the log again from `history` (the whole log, oldest first), with the lines that it lacks: those that came after it
   * was read, and those of replicas that are gone. Used for a new filter and when a pause ends. The newest matching
   * entries within the limits are shown.
   * @returns where `history` ends; `after` is 0 when it is empty
   */
  async rebuild(filter: LogFilter | undefined, history: AsyncIterable<LogEntry>): Promise<LogPosition> {
    const kept = new BoundedQueue<LogEntry>(this.#limits, entryBytes);
    const tail = new BoundedQueue<LogEntry>(this.#limits, entryBytes);
    let seen: LogPosition = { after: 0, generation: undefined };
    let hidden = 0;
    for await (const entry of history) {
      seen = positionOf(entry, seen);
      this.#remember(entry);
      tail.push(entry);
      if (filter === undefined || filter.matches(entry)) kept.push(entry);
      else hidden += 1;
    }
    this.#filter = filter;
    this.#paused = false;
    const lacking = lackingIn(tail, this.#recent).filter((entry) => this.#isShown(entry));
    const all = new BoundedQueue<LogEntry>(this.#limits, entryBytes);
    for (const entry of inOrder([...kept.from(0)], lacking)) all.push(entry);
    this.#next = this.#recent.end;
    this.#show(all, hidden);
    return seen;
  }

  #showRecent(): void {
    const kept = new BoundedQueue<LogEntry>(this.#limits, entryBytes);
    for (const entry of this.#recent.from(0)) if (this.#isShown(entry)) kept.push(entry);
    this.#show(kept, undefined);
  }

  #show(entries: BoundedQueue<LogEntry>, hidden: number | undefined): void {
    const lines = [...this.#head(hidden), ...[...entries.from(0)].map(entryText)];
    this.#put(lines.length === 0 ? '' : `${lines.join('\n')}\n`, lines.length, 'replace');
  }

  #head(hidden: number | undefined): readonly string[] {
    if (this.#filter === undefined) return [];
    const left = hidden === undefined ? '' : `, ${String(hidden)} earlier lines do not match`;
    return [marker(`Filter: ${this.#filter.text}${left}`)];
  }

  #isShown(entry: LogEntry): boolean {
    return this.#filter === undefined || this.#filter.matches(entry);
  }

  #put(text: string, lines: number, how: 'append' | 'replace'): void {
    this.#sink[how](text);
    this.#sinkBytes = 2 * text.length + (how === 'append' ? this.#sinkBytes : 0);
    this.#sinkLines = lines + (how === 'append' ? this.#sinkLines : 0);
  }
}

/** Where a reading of a log ended. */
export interface LogPosition {
  readonly after: number;
  readonly generation: string | undefined;
}

function positionOf(entry: LogEntry, before: LogPosition): LogPosition {
  return { after: lastSeq(entry), generation: entry.kind === 'line' ? entry.line.generation : before.generation };
}

/** Rough size in memory: two bytes a character and what the objects around the text take. */
function entryBytes(entry: LogEntry): number {
  return entry.kind !== 'line'
    ? 64
    : 160 + 2 * (entry.line.text.length + entry.line.source.length + entry.line.time.length);
}
