import type { ObjectRef } from '../../../core/cluster';
import type { LogLine, LogOptions } from '../../../core/logs';
import { readPodLog, type KubeClient, type PodLogLine } from '../../../clients/kubernetes';
import { keepTail } from '../logs/keepTail';
import { LogCursor } from '../logs/logCursor';

/** One reader of a container's log: numbers go on where the reading before it ended. */
export type ContainerLog = (options: LogOptions, signal: AbortSignal) => AsyncIterable<LogLine>;

/**
 * The log of one container, from what the kubelet still has on. Kubernetes numbers no lines, so they are numbered as they
 * are read; reading on after a line takes up where the last reading was, without loss or repetition while the kubelet has it.
 */
export function containerLog(client: KubeClient, pod: ObjectRef, container: string): ContainerLog {
  const place = { namespace: pod.namespace ?? '', pod: pod.name, container };
  const generation = `${pod.uid}/${container}`;
  let reading = { seq: 0, cursor: new LogCursor() };
  const line = (seq: number, { time, text }: PodLogLine): LogLine => ({
    seq,
    time: asIso(time),
    source: container,
    stream: 'stdout',
    text,
    generation,
  });
  async function* read(state: typeof reading, follow: boolean, signal: AbortSignal): AsyncGenerator<LogLine> {
    const sinceTime = state.cursor.begin();
    const request = { ...place, follow, ...(sinceTime === undefined ? {} : { sinceTime }) };
    for await (const lines of readPodLog(client, request, signal)) {
      for (const one of lines) {
        if (!state.cursor.take(one)) continue;
        state.seq++;
        yield line(state.seq, one);
      }
    }
  }
  return async function* (options, signal) {
    const goesOn = options.follow && options.after !== undefined && options.after === reading.seq;
    if (!goesOn) {
      const fresh = { seq: 0, cursor: new LogCursor() };
      yield* keepTail(read(fresh, false, signal), options.after ?? 0, options);
      if (!options.follow) return;
      reading = fresh;
    }
    yield* read(reading, true, signal);
  };
}

function asIso(time: string): string {
  const ms = Date.parse(time);
  return new Date(Number.isNaN(ms) ? Date.now() : ms).toISOString();
}
