import { readPodLog, type PodLogLine } from '../../clients/kubernetes/podLog';
import { isUserError } from '../../core/errors';
import type { LogLine } from '../../core/logs';
import { LogCursor } from './logCursor';
import { container, labels } from './names';
import type { ContainerStatus, Pod } from './objects';
import type { Place } from './place';

/** A line before it has a number. */
export type PodLine = Omit<LogLine, 'seq' | 'generation'>;

/** What was read of one pod, and how it goes on. */
export interface PodProgress {
  readonly cursor: LogCursor;
  /** Restarts of the container that is being read; undefined before the first. */
  restarts: number | undefined;
}

export function newProgress(): PodProgress {
  return { cursor: new LogCursor(), restarts: undefined };
}

/** `3/7d4b9c-x2x7k`: the release, and what tells its pods apart. */
export function sourceOf(pod: Pod): string {
  const model = pod.metadata.labels?.[labels.model] ?? '';
  const name = pod.metadata.name;
  const short = name.startsWith(`${model}-`) ? name.slice(model.length + 1) : name;
  return `${pod.metadata.labels?.[labels.release] ?? '?'}/${short}`;
}

/**
 * What a pod has written and nobody has read yet, from the container before the last restart on; then, when it is
 * followed, what it writes until it ends or the connection does.
 */
export async function* readPod(
  place: Place,
  pod: Pod,
  progress: PodProgress,
  follow: boolean,
  signal: AbortSignal,
): AsyncGenerator<readonly PodLine[]> {
  const status = statusOf(pod);
  if (status === undefined || !hasLog(status)) return;
  const source = sourceOf(pod);
  if (progress.restarts === undefined) yield [startLine(source, pod)];
  if (status.restartCount > (progress.restarts ?? 0)) {
    yield* readContainer(place, pod, { progress, follow: false, previous: true }, signal);
    yield [restartLine(source, status)];
  }
  progress.restarts = status.restartCount;
  yield* readContainer(place, pod, { progress, follow, previous: false }, signal);
}

export function statusOf(pod: Pod): ContainerStatus | undefined {
  return pod.status?.containerStatuses?.find((one) => one.name === container);
}

function hasLog({ state, restartCount }: ContainerStatus): boolean {
  return restartCount > 0 || state?.running !== undefined || state?.terminated !== undefined;
}

interface ContainerRead {
  readonly progress: PodProgress;
  readonly follow: boolean;
  readonly previous: boolean;
}

async function* readContainer(
  { client, namespace }: Place,
  pod: Pod,
  { progress, follow, previous }: ContainerRead,
  signal: AbortSignal,
): AsyncGenerator<readonly PodLine[]> {
  const { cursor } = progress;
  const source = sourceOf(pod);
  const sinceTime = cursor.begin();
  const request = { namespace, pod: pod.metadata.name, container, follow, previous, ...(sinceTime && { sinceTime }) };
  try {
    for await (const lines of readPodLog(client, request, signal)) {
      const fresh = lines.filter((line) => cursor.take(line)).map((line) => toLine(source, line));
      if (fresh.length > 0) yield fresh;
    }
  } catch (error) {
    // The container is gone, or has not begun: what there is to know of it comes with the pod's next state.
    if (!isUserError(error) || !/KubernetesInvalid|KubernetesNotFound/.test(error.code)) throw error;
  }
}

function toLine(source: string, { time, text }: PodLogLine): PodLine {
  const ms = Date.parse(time);
  if (Number.isNaN(ms))
    return { time: new Date().toISOString(), source, stream: 'stdout', text: `${time} ${text}`.trim() };
  return { time: new Date(ms).toISOString(), source, stream: 'stdout', text };
}

/** Says in the log where a replica runs. */
function startLine(source: string, { spec, status, metadata }: Pod): PodLine {
  const time = new Date(status?.startTime ?? metadata.creationTimestamp).toISOString();
  return { time, source, stream: 'system', text: `Pod ${metadata.name} was started on ${spec?.nodeName ?? 'a node'}` };
}

/** Says in the log that the container was started again, and why. */
function restartLine(source: string, { lastState, restartCount }: ContainerStatus): PodLine {
  const ended = lastState?.terminated;
  const why =
    ended === undefined ? '' : ` after it ended with ${ended.reason ?? 'exit code'} ${String(ended.exitCode)}`;
  const times = restartCount === 1 ? 'once' : `${String(restartCount)} times`;
  return {
    time: ended?.finishedAt === undefined ? new Date().toISOString() : new Date(ended.finishedAt).toISOString(),
    source,
    stream: 'system',
    text: `The container was restarted${why} (${times} so far)`,
  };
}
