import type { LogLine } from '../../core/logs';
import type { LogEntry } from '../../pipeline/followLogs';
import { inertText } from '../../core/inertText';

const streamMarks: Readonly<Record<LogLine['stream'], string>> = { stdout: '', stderr: 'stderr: ', system: 'system: ' };

/**
 * One line of the view: time, `[release/replica]`, what was written. What the supervisor says of starts, restarts and
 * switches of release stands between rules, so that it is found when scrolling.
 */
export function entryText(entry: LogEntry): string {
  if (entry.kind === 'gap')
    return marker(entry.lost === 1 ? '1 line was lost' : `${String(entry.lost)} lines were lost`);
  if (entry.kind === 'restart') return marker('The model was removed and deployed again');
  const { time, source, stream, text } = entry.line;
  if (source === 'supervisor') return `${time} ${marker(inertText(text))}`;
  return `${time} [${inertText(source)}] ${streamMarks[stream]}${inertText(text)}`;
}

/** A line that stands out of the log and belongs to nobody's output. */
export function marker(text: string): string {
  return `──── ${text} ────`;
}

/** One line of a saved log: what was written, uncut and unescaped, with its time and where it came from. */
export function savedText(entry: LogEntry): string {
  if (entry.kind !== 'line') return entryText(entry);
  const { time, source, stream, text } = entry.line;
  return `${time} [${source}] ${streamMarks[stream]}${text}`;
}
