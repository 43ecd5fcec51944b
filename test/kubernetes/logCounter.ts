import { clientFor, type KubeContext } from '../../src/clients/kubernetes';
import { readLogs } from '../../src/targets/kubernetes/logs/logs';
import { followLogs } from '../../src/pipeline/followLogs';

/** What is to be counted: lines `tick N` of a model, until one that begins with `end`. */
export interface CountRequest {
  readonly context: KubeContext;
  readonly namespace: string;
  readonly model: string;
}

/** How they came. */
export interface CountResult {
  readonly ticks: number;
  /** The first line that was not the one after the line before it; undefined where there is none. */
  readonly broken: string | undefined;
  readonly gaps: number;
  /** Bytes in use after a collection of garbage, each time so many lines had come. */
  readonly heaps: readonly number[];
  readonly end: string;
}

const every = 20_000;

/** Counts in a process of its own, whose memory is then known. Run with `--expose-gc`. */
process.once('message', (request) => {
  void count(request as CountRequest).then((result) => process.send?.(result));
});

async function count({ context, namespace, model }: CountRequest): Promise<CountResult> {
  const place = { client: clientFor(context), namespace };
  const exists = (): Promise<boolean> => Promise.resolve(true);
  const source = readLogs.bind(undefined, place, model);
  const heaps: number[] = [];
  let [ticks, gaps] = [0, 0];
  let broken: string | undefined;
  for await (const entry of followLogs(source, { exists }, new AbortController().signal)) {
    if (entry.kind !== 'line') {
      gaps++;
      continue;
    }
    const { text } = entry.line;
    if (text.startsWith('end')) return { ticks, broken, gaps, heaps, end: text };
    if (!text.startsWith('tick ')) continue;
    ticks++;
    if (Number(text.split(' ')[1]) !== ticks) broken ??= `${text} came as number ${String(ticks)}`;
    if (ticks % every !== 1) continue;
    globalThis.gc?.();
    heaps.push(process.memoryUsage().heapUsed);
  }
  throw new Error('the log ended');
}
