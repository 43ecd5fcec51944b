import { setTimeout as delay } from 'node:timers/promises';
import { isUserError, UserError } from '../../core/errors';
import type { LogLine, LogOptions } from '../../core/logs';
import { keepTail } from './keepTail';
import { LineQueue } from './lineQueue';
import { ofModel } from './names';
import type { Pod } from './objects';
import type { Place } from './place';
import { newProgress, readPod, statusOf, type PodLine, type PodProgress } from './podLines';
import { readSnapshot, watchSnapshots } from './snapshot';

/** What was read of a model's log up to a line: where to read on from there. */
interface Position {
  readonly generation: string;
  seq: number;
  readonly pods: Map<string, PodProgress>;
}

/** Readers of before: numbers of lines mean something only to the process that gave them. */
const positions: Position[] = [];
const mostPositions = 50;
const mostQueued = 5000;
const againMs = 1000;

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
  const position = known ?? { generation, seq: 0, pods: new Map<string, PodProgress>() };
  const after = options.generation === undefined || options.generation === generation ? (options.after ?? 0) : 0;
  if (known === undefined) yield* keepTail(history(place, snapshot.pods, position, signal), after, options);
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
  position.seq++;
  return { seq: position.seq, ...line, generation: position.generation };
}

/** What the kubelets have of all pods, by time. Memory holds what one read of each pod brings. */
async function* history(
  place: Place,
  pods: readonly Pod[],
  position: Position,
  signal: AbortSignal,
): AsyncGenerator<LogLine> {
  const heads = pods.map((pod) => new PodHead(readPod(place, pod, progressOf(position, pod), false, signal)));
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

function progressOf(position: Position, pod: Pod): PodProgress {
  const progress = position.pods.get(pod.metadata.uid) ?? newProgress();
  position.pods.set(pod.metadata.uid, progress);
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

/** Follows each pod as long as it is there. */
async function watchPods(
  place: Place,
  model: string,
  position: Position,
  queue: LineQueue<PodLine>,
  signal: AbortSignal,
): Promise<void> {
  /** As they were last seen, by uid. */
  const present = new Map<string, Pod>();
  const follow = (uid: string, pod: Pod): void => {
    void followPod(place, () => present.get(uid), progressOf(position, pod), queue, signal);
  };
  for await (const { deployments, pods } of watchSnapshots(place, ofModel(model), undefined, signal)) {
    for (const uid of present.keys()) if (!pods.some((pod) => pod.metadata.uid === uid)) present.delete(uid);
    for (const pod of pods.filter((one) => statusOf(one) !== undefined)) {
      const { uid } = pod.metadata;
      const isNew = !present.has(uid);
      present.set(uid, pod);
      if (isNew) follow(uid, pod);
    }
    if (deployments.length === 0 && pods.length === 0) return;
  }
}

/** Reads a pod over and over: its log ends with each container, and with each connection. */
async function followPod(
  place: Place,
  latest: () => Pod | undefined,
  progress: PodProgress,
  queue: LineQueue<PodLine>,
  signal: AbortSignal,
): Promise<void> {
  for (let pod = latest(); pod !== undefined; pod = latest()) {
    try {
      for await (const lines of readPod(place, pod, progress, true, signal)) await queue.push(lines);
    } catch (error) {
      if (signal.aborted) return;
      if (!isUserError(error) || error.code === 'KubernetesForbidden') {
        queue.end(asError(error));
        return;
      }
    }
    await delay(againMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

function notFound({ client, namespace }: Place, model: string): UserError {
  const where = `the namespace ${namespace} of ${client.context.name}`;
  return new UserError('ModelNotFound', `There is no model named ${model} in ${where}.`);
}
