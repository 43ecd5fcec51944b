import type { LogLine, LogOptions } from '../../../core/logs';

/** The lines after a number; where none is asked for, the last ones of the stream, of which only about so many are kept. */
export async function* keepTail(
  lines: AsyncIterable<LogLine>,
  after: number,
  options: LogOptions,
): AsyncGenerator<LogLine> {
  const { tail } = options;
  if (options.after !== undefined || tail === undefined) {
    for await (const line of lines) if (line.seq > after) yield line;
    return;
  }
  const kept: LogLine[] = [];
  for await (const line of lines) {
    kept.push(line);
    if (kept.length > 2 * tail + 1000) kept.splice(0, kept.length - tail);
  }
  yield* kept.slice(Math.max(0, kept.length - tail));
}
