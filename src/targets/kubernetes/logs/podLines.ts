import { setTimeout as delay } from 'node:timers/promises';
import type { PodLogLine } from '../../../clients/kubernetes/logLines';
import { readPodLog } from '../../../clients/kubernetes/podLog';
import { isUserError } from '../../../core/errors';
import type { LogLine } from '../../../core/logs';
import { LineCount } from './lineCount';
import { LogCursor } from './logCursor';
import { container as ownContainer, labels } from '../names';
import type { ContainerStatus, Pod } from '../objects';
import type { Place } from '../place';

/** A line before it has a number. */
export type PodLine = Omit<LogLine, 'seq' | 'generation'>;

/** What was read of one container of a pod, and how it goes on. */
export interface PodProgress {
  readonly cursor: LogCursor;
  count: LineCount;
  /** Restarts of the container that is being read; undefined before the first. */
  restarts: number | undefined;
  /** Lines that are known to be lost before the next one. */
  lost: number;
  /** The last reading did not come to the log's end. */
  isBroken: boolean;
}

export function newProgress(since: string | undefined): PodProgress {
  return {
    cursor: new LogCursor(since),
    count: new LineCount(false),
    restarts: undefined,
    lost: 0,
    isBroken: false,
  };
}

/** One container of a pod, as it was seen last. */
export interface PodContainer {
  readonly pod: Pod;
  readonly status: ContainerStatus;
}

/** The containers of a pod that have written, or could have. */
export function containersOf(pod: Pod): readonly PodContainer[] {
  const { initContainerStatuses = [], containerStatuses = [] } = pod.status ?? {};
  return [...initContainerStatuses, ...containerStatuses].filter(hasLog).map((status) => ({ pod, status }));
}

export function keyOf({ pod, status }: PodContainer): string {
  return `${pod.metadata.uid}/${status.name}`;
}

function hasLog({ state, restartCount }: ContainerStatus): boolean {
  return restartCount > 0 || state?.running !== undefined || state?.terminated !== undefined;
}

/** `3/7d4b9c-x2x7k`: the release, and what tells its pods apart; of a container beside the model's with its name. */
export function sourceOf({ pod, status }: PodContainer): string {
  const model = pod.metadata.labels?.[labels.model] ?? '';
  const name = pod.metadata.name;
  const short = name.startsWith(`${model}-`) ? name.slice(model.length + 1) : name;
  const source = `${pod.metadata.labels?.[labels.release] ?? '?'}/${short}`;
  return status.name === ownContainer ? source : `${source}/${status.name}`;
}

export interface PodReading {
  readonly progress: PodProgress;
  readonly follow: boolean;
  /** How the container does now; undefined once its pod is gone. */
  readonly latest: () => PodContainer | undefined;
}

/**
 * What a container has written and nobody has read yet, from the one before the last restart on; then, when it is
 * followed, what it writes until it ends or the connection does.
 */
export async function* readPod(
  place: Place,
  one: PodContainer,
  reading: PodReading,
  signal: AbortSignal,
): AsyncGenerator<readonly PodLine[]> {
  const { progress } = reading;
  const { status } = one;
  const source = sourceOf(one);
  if (progress.restarts === undefined) yield [startLine(source, one)];
  const missed = status.restartCount - (progress.restarts ?? 0);
  if (missed > 0) {
    yield* readContainer(place, one, { ...reading, follow: false, previous: true }, signal);
    if (progress.restarts !== undefined && missed > 1) yield [missedLine(source, missed - 1)];
    yield [restartLine(source, status)];
    if (progress.restarts !== undefined) progress.count = new LineCount(true);
    progress.cursor.expectOther();
  }
  progress.restarts = status.restartCount;
  yield* readContainer(place, one, { ...reading, previous: false }, signal);
}

interface ContainerReading extends PodReading {
  readonly previous: boolean;
}

async function* readContainer(
  { client, namespace }: Place,
  one: PodContainer,
  { progress, follow, previous, latest }: ContainerReading,
  signal: AbortSignal,
): AsyncGenerator<readonly PodLine[]> {
  const { cursor } = progress;
  const source = sourceOf(one);
  const sinceTime = cursor.begin();
  const [pod, container] = [one.pod.metadata.name, one.status.name];
  const request = { namespace, pod, container, follow, previous, ...(sinceTime && { sinceTime }) };
  const wasBroken = progress.isBroken;
  progress.isBroken = true;
  try {
    for await (const lines of readPodLog(client, request, signal)) {
      const hole = cursor.holeIn(lines);
      if (hole !== undefined) {
        if (await isOtherContainer(one, latest, follow ? settleMs(wasBroken) : 0, signal)) return;
        progress.count.hole();
        yield [holeLine(source, hole)];
      }
      const fresh = takeLines(lines, source, progress, follow);
      if (fresh.length > 0) yield fresh;
    }
    progress.isBroken = false;
  } catch (error) {
    // The container is gone, or has not begun: what there is to know of it comes with the pod's next state.
    if (!isUserError(error) || !/KubernetesInvalid|KubernetesNotFound/.test(error.code)) throw error;
    progress.isBroken = wasBroken;
  }
}

/** A container that was started again has a new log before the cluster says so; then it is not the old one with a hole. */
async function isOtherContainer(
  { status }: PodContainer,
  latest: PodReading['latest'],
  withinMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  const isOther = (): boolean => latest()?.status.restartCount !== status.restartCount;
  for (let left = withinMs; left > 0 && !isOther(); left -= lookMs) await delay(lookMs, undefined, { signal });
  return isOther();
}

const lookMs = 100;

/** A log that ended is usually followed by another container's; one whose connection broke seldom is. */
function settleMs(wasBroken: boolean): number {
  return wasBroken ? 1500 : 15_000;
}

function takeLines(
  lines: readonly PodLogLine[],
  source: string,
  progress: PodProgress,
  follow: boolean,
): readonly PodLine[] {
  const { cursor, count } = progress;
  const fresh: PodLine[] = [];
  for (const line of lines) {
    // A connection that broke within a line looks like a log that ends there; it is read again.
    if (!line.isWhole && follow && !cursor.isRestAgain(line)) continue;
    if (!cursor.take(line)) continue;
    const lost = count.take(line.text);
    progress.lost += lost ?? 0;
    if (lost !== undefined) continue;
    fresh.push(toLine(source, line, progress.lost));
    progress.lost = 0;
  }
  return fresh;
}

function toLine(source: string, { time, text }: PodLogLine, lost: number): PodLine {
  const ms = Date.parse(time);
  const rest = lost === 0 ? {} : { lost };
  if (Number.isNaN(ms)) {
    const said = `${time} ${text}`.trim();
    return { time: new Date().toISOString(), source, stream: 'stdout', text: said, ...rest };
  }
  return { time: new Date(ms).toISOString(), source, stream: 'stdout', text, ...rest };
}

function systemLine(source: string, time: string | undefined, text: string): PodLine {
  return { time: (time === undefined ? new Date() : new Date(time)).toISOString(), source, stream: 'system', text };
}

/** Says in the log where a replica runs. */
function startLine(source: string, { pod: { spec, status, metadata } }: PodContainer): PodLine {
  const time = status?.startTime ?? metadata.creationTimestamp;
  return systemLine(source, time, `Pod ${metadata.name} was started on ${spec?.nodeName ?? 'a node'}`);
}

/** Says in the log that the container was started again, and why. */
function restartLine(source: string, { lastState, restartCount }: ContainerStatus): PodLine {
  const ended = lastState?.terminated;
  const why =
    ended === undefined ? '' : ` after it ended with ${ended.reason ?? 'exit code'} ${String(ended.exitCode)}`;
  const times = restartCount === 1 ? 'once' : `${String(restartCount)} times`;
  return systemLine(source, ended?.finishedAt, `The container was restarted${why} (${times} so far)`);
}

function missedLine(source: string, containers: number): PodLine {
  const which = containers === 1 ? 'one more container' : `${String(containers)} more containers`;
  const text = `Lines are missing here: ${which} ran between two readings, and only the last one's log is kept`;
  return systemLine(source, undefined, text);
}

function holeLine(source: string, { time }: PodLogLine): PodLine {
  const text = 'Lines are missing here: the node has thrown them away before they were read';
  return systemLine(source, Number.isNaN(Date.parse(time)) ? undefined : time, text);
}

/** Says in the log that the end of what a pod wrote was not read. */
export function goneLine(one: PodContainer): PodLine {
  const text = `Pod ${one.pod.metadata.name} was deleted while its log could not be read: its last lines may be missing`;
  return systemLine(sourceOf(one), undefined, text);
}
