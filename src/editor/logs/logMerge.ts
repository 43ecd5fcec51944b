import type { BoundedQueue } from '../../pipeline/boundedQueue';
import type { LogEntry } from '../../pipeline/followLogs';

/**
 * The lines of `recent` that a reading of the log does not hold: those that came later, and those of a replica that is gone,
 * whose log went with it. Lines are compared by what they are, since their numbers are those of one reading; a line that was
 * written twice counts twice.
 * @param read the end of what was read; what came before its start is not looked for
 */
export function lackingIn(read: BoundedQueue<LogEntry>, recent: BoundedQueue<LogEntry>): readonly LogEntry[] {
  const counts = new Map<string, number>();
  let start = '';
  for (const entry of read.from(0)) {
    if (entry.kind !== 'line') continue;
    if (start === '') start = entry.line.time;
    const key = keyOf(entry);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const isCut = read.start > 0;
  return [...recent.from(0)].filter((entry) => {
    if (entry.kind !== 'line') return false;
    const key = keyOf(entry);
    const left = counts.get(key) ?? 0;
    if (left > 0) counts.set(key, left - 1);
    return left === 0 && !(isCut && entry.line.time < start);
  });
}

/** Both together by time; each keeps its own order, as lines of one moment have it. */
export function inOrder(left: readonly LogEntry[], right: readonly LogEntry[]): readonly LogEntry[] {
  const merged: LogEntry[] = [];
  let next = 0;
  let time = '';
  for (const entry of left) {
    if (entry.kind === 'line') time = entry.line.time;
    for (let other = right[next]; other?.kind === 'line' && other.line.time < time; other = right[next]) {
      merged.push(other);
      next += 1;
    }
    merged.push(entry);
  }
  return [...merged, ...right.slice(next)];
}

function keyOf({ line }: Extract<LogEntry, { kind: 'line' }>): string {
  return `${line.time}\n${line.source}\n${line.stream}\n${line.text}`;
}
