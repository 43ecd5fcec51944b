import type { LogLine, LogOptions } from '../../../src/core/logs';
import type { LogSource } from '../../../src/pipeline/followLogs';

export const line = (seq: number, text = `line ${String(seq)}`, source = '3/0'): LogLine => ({
  seq,
  time: '2026-01-01T00:00:00.000Z',
  source,
  stream: 'stdout',
  text,
});

export type Fault = (lines: readonly LogLine[], options: LogOptions) => Iterable<LogLine | Error>;

export const cutAfter =
  (count: number): Fault =>
  (lines) => [...lines.slice(0, count), new Error('connection reset')];

/** A log of numbered lines whose connections fail in the given ways, one after the other; the last one is sound and ends. */
export function faultySource(
  lines: readonly LogLine[],
  faults: readonly Fault[],
): LogSource & { readonly opened: LogOptions[] } {
  const opened: LogOptions[] = [];
  const source: LogSource = async function* (options) {
    const fault = faults[opened.length] ?? ((all: readonly LogLine[]) => all);
    opened.push(options);
    await Promise.resolve();
    const wanted =
      options.after === undefined
        ? lines.slice(-(options.tail ?? lines.length))
        : lines.filter((one) => one.seq > (options.after ?? 0));
    for (const next of fault(wanted, options)) {
      if (next instanceof Error) throw next;
      yield next;
    }
  };
  return Object.assign(source, { opened });
}
