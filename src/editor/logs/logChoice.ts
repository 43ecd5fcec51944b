import type { LogEntry } from '../../pipeline/followLogs';
import type { LogFilter } from '../../pipeline/logFilter';

/** What of a log its reader wants to see. */
export interface LogChoice {
  readonly filter?: LogFilter | undefined;
  /** Replicas whose lines are hidden; those that come later are shown. */
  readonly hidden?: ReadonlySet<string>;
  /** RFC 3339: lines that were written before are hidden. */
  readonly since?: string | undefined;
}

/** The choice as one filter, whose text tells all of it; undefined when everything is shown. */
export function filterOf({ filter, hidden = new Set(), since }: LogChoice): LogFilter | undefined {
  const text = [
    filter?.text,
    hidden.size === 0 ? undefined : `without ${[...hidden].sort().join(', ')}`,
    since === undefined ? undefined : `since ${since}`,
  ].filter((part) => part !== undefined);
  if (text.length === 0) return undefined;
  const from = since === undefined ? undefined : Date.parse(since);
  const isChosen = (entry: LogEntry): boolean =>
    entry.kind !== 'line' ||
    (!hidden.has(entry.line.source) && (from === undefined || Date.parse(entry.line.time) >= from));
  return { text: text.join(' · '), matches: (entry) => isChosen(entry) && (filter?.matches(entry) ?? true) };
}
