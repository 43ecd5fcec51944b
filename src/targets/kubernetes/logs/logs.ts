import { setTimeout as delay } from 'node:timers/promises';
import { isUserError, UserError } from '../../../core/errors';
import type { LogLine, LogOptions } from '../../../core/logs';
import { keepTail } from './keepTail';
import { LineQueue } from './lineQueue';
import { ofModel } from '../names';
import type { Pod } from '../objects';
import type { Place } from '../place';
import {
  containersOf,
  goneLine,
  keyOf,
  newProgress,
  readPod,
  type PodContainer,
  type PodLine,
  type PodProgress,
} from './podLines';
import { readSnapshot, watchSnapshots } from '../state/snapshot';

/** What was read of a model's log up to a line: where to read on from there. */
interface Position {
  readonly generation: string;
  seq: number;
  readonly since: string | undefined;
  /** By pod and container. */
  readonly pods: Map<string, PodProgress>;
}

/** Readers of before: numbers of lines mean something only to the process that gave them. */
const positions: Position[] = [];
const mostPositions = 50;
const mostQueued = 5000;
/** A connection that broke is opened again at once, then less and less often; an end is followed by news of the pod. */
const againMs = { first: 100, most: 1000 };

/**
 * The lines of all pods of a model. Kubernetes numbers no lines, so they are numbered as they are read: first what the
 * kubelets still have, by time, then as lines come. Reading on after a line works within this process; elsewhere the lines
 * that are still there are counted again.
 */
export async function* readLogs(
  place: Place,
  model: string,
  options: LogOptions,
  signal: AbortSignal,
): AsyncGenerator<LogLine> {
  const snapshot = await readSnapshot(place, ofModel(model), signal);
  const deployment = snapshot.deployments.find((one) => one.metadata.name === model);
  if (deployment === undefined) throw notFound(place, model);
  const generation = deployment.metadata.uid;
  const known = options.follow ? findPosition(generation, options) : undefined;
  const position = known ?? { generation, seq: 0, since: options.since, pods: new Map<string, PodProgress>() };
  const after = options.generation === undefined || options.generation === generation ? (options.after ?? 0) : 0;
  if (known === undefined)
    yield* keepTail(history(place, snapshot.pods, position, options.follow, signal), after, options);
  if (!options.follow) return;
  remember(position);
  yield* follow(place, model, position, signal);
}

function findPosition(generation: string, { after, generation: wanted }: LogOptions): Position | undefined {
  if (after === undefined || wanted !== generation) return undefined;
  const found = positions.findIndex((one) => one.generation === generation && one.seq === after);
  return found === -1 ? undefined : positions.splice(found, 1)[0];
}

function remember(position: Position): void {
  positions.push(position);
  positions.splice(0, positions.length - mostPositions);
}

function number(position: Position, line: PodLine): LogLine {
  position.seq += 1 + (line.lost ?? 0);
  return { seq: position.seq, ...line, generation: position.generation };
}

/** What the kubelets have of all pods, by time. Memory holds what one read of each pod brings. */
async function* history(
  place: Place,
  pods: readonly Pod[],
  position: Position,
  goesOn: boolean,
  signal: AbortSignal,
): AsyncGenerator<LogLine> {
  const heads = pods.flatMap(containersOf).map((one) => {
    const reading = { progress: progressOf(position, one), follow: false, latest: () => one };
    const lines = readPod(place, one, reading, signal);
    return new PodHead(goesOn ? untilFailure(lines) : lines);
  });
  try {
    await Promise.all(heads.map((head) => head.fill()));
    for (;;) {
      const [first] = heads
        .filter((head) => head.line !== undefined)
        .sort((left, right) => (left.line?.time ?? '').localeCompare(right.line?.time ?? ''));
      if (first?.line === undefined) return;
      yield number(position, first.line);
      await first.next();
    }
  } finally {
    await Promise.all(heads.map((head) => head.close()));
  }
}

/** A reading that fails is taken up where it was by the one that follows. */
async function* untilFailure<T>(lines: AsyncGenerator<T>): AsyncGenerator<T> {
  try {
    yield* lines;
  } catch (error) {
    if (!isUserError(error) || error.code === 'KubernetesForbidden') throw error;
  }
}

/** The next line of one pod. */
class PodHead {
  readonly #lines: AsyncGenerator<readonly PodLine[]>;
  #batch: readonly PodLine[] = [];
  #at = 0;

  constructor(lines: AsyncGenerator<readonly PodLine[]>) {
    this.#lines = lines;
  }

  get line(): PodLine | undefined {
    return this.#batch[this.#at];
  }

  async next(): Promise<void> {
    this.#at++;
    if (this.#at >= this.#batch.length) await this.fill();
  }

  async fill(): Promise<void> {
    const next = await this.#lines.next();
    this.#batch = next.done === true ? [] : next.value;
    this.#at = 0;
  }

  async close(): Promise<void> {
    await this.#lines.return(undefined);
  }
}

function progressOf(position: Position, one: PodContainer): PodProgress {
  const progress = position.pods.get(keyOf(one)) ?? newProgress(position.since);
  position.pods.set(keyOf(one), progress);
  return progress;
}

/** Lines as they come, of pods that come later too, until the model is removed. */
async function* follow(place: Place, model: string, position: Position, signal: AbortSignal): AsyncGenerator<LogLine> {
  const stop = new AbortController();
  const inner = AbortSignal.any([signal, stop.signal]);
  const queue = new LineQueue<PodLine>(mostQueued);
  const watching = watchPods(place, model, position, queue, inner).then(
    () => {
      queue.end();
    },
    (error: unknown) => {
      queue.end(asError(error));
    },
  );
  try {
    for await (const line of queue.read()) yield number(position, line);
    signal.throwIfAborted();
  } finally {
    stop.abort();
    queue.end();
    await watching;
  }
}

/** Follows each container as long as its pod is there. */
async function watchPods(
  place: Place,
  model: string,
  position: Position,
  queue: LineQueue<PodLine>,
  signal: AbortSignal,
): Promise<void> {
  /** As they were last seen. */
  const present = new Map<string, PodContainer>();
  for await (const { deployments, pods } of watchSnapshots(place, ofModel(model), undefined, signal)) {
    const now = new Map(pods.flatMap(containersOf).map((one) => [keyOf(one), one]));
    for (const key of present.keys()) if (!now.has(key)) present.delete(key);
    for (const [key, one] of now) {
      const isNew = !present.has(key);
      present.set(key, one);
      if (isNew) void followPod(place, one, () => present.get(key), progressOf(position, one), queue, signal);
    }
    if (deployments.length === 0 && pods.length === 0) return;
  }
}

/** Reads a container over and over: its log ends with each restart, and with each connection. */
async function followPod(
  place: Place,
  first: PodContainer,
  latest: () => PodContainer | undefined,
  progress: PodProgress,
  queue: LineQueue<PodLine>,
  signal: AbortSignal,
): Promise<void> {
  let failures = 0;
  for (let one = latest(); one !== undefined; one = latest()) {
    try {
      for await (const lines of readPod(place, one, { progress, follow: true, latest }, signal)) {
        failures = 0;
        await queue.push(lines);
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!isUserError(error) || error.code === 'KubernetesForbidden') {
        queue.end(asError(error));
        return;
      }
    }
    const againIn = progress.isBroken ? againMs.first * 2 ** failures++ : againMs.most;
    await delay(Math.min(againIn, againMs.most), undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
  }
  if (progress.isBroken) await queue.push([goneLine(first)]);
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

function notFound({ client, namespace }: Place, model: string): UserError {
  const where = `the namespace ${namespace} of ${client.context.name}`;
  return new UserError('ModelNotFound', `There is no model named ${model} in ${where}.`);
}
