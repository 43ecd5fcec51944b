import { listObjects } from '../../../clients/kubernetes/change';
import { resourcePath, resources, type KubeObject } from '../../../clients/kubernetes/objects';
import { watchList } from '../../../clients/kubernetes/watchList';
import { isUserError, UserError } from '../../../core/errors';
import type { ForwardState } from '../../../core/cluster';
import type { Forward } from '../../../core/target';
import { container, labels, ofModel, portName } from '../names';
import { isPodReady, type ConfigMap, type Pod } from '../objects';
import type { Place } from '../place';
import { forwardToPods, type Candidate, type PodWay, type PodWayState } from './podForward';
import { parseReleases, type ReleaseSpec } from '../state/release';
import { releaseOf } from '../state/state';

const answerMs = 10_000;
/** A pod that left in this moment is followed by another. */
const tries = 3;

/**
 * A port of this machine that leads to a model. Each connection goes to a pod that is ready then.
 * @param only pods of this release; by default of any
 * @throws UserError ModelNotReady when it does not answer
 */
export async function forwardModel(
  place: Place,
  model: string,
  only: number | undefined,
  signal: AbortSignal,
): Promise<Forward> {
  const release = await releaseToReach(place, model, only, signal);
  const stop = new AbortController();
  const states = forwardToPods(wayTo(place, model, only, 0), AbortSignal.any([signal, stop.signal]));
  let reading: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    stop.abort();
    await (reading ?? states.return(undefined));
  };
  try {
    const active = await firstAnswer(states, model);
    reading = readOn(states);
    await answers(active, release, signal);
    return { url: active.url, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * As {@link forwardModel}, until the model is removed: its pods come and go. Active is what has answered.
 * @param local port of this machine, if it is free
 */
export async function* holdForward(
  place: Place,
  model: string,
  local: number,
  signal: AbortSignal,
): AsyncGenerator<ForwardState> {
  const stop = new AbortController();
  const inner = AbortSignal.any([signal, stop.signal]);
  const removed = untilRemoved(place, model, inner).finally(() => {
    stop.abort();
  });
  removed.catch(() => undefined);
  try {
    for await (const state of forwardToPods(wayTo(place, model, undefined, local), inner)) {
      const { phase, url, pod } = state;
      const reason = phase === 'active' ? await whyNoAnswer(place, model, state, inner) : state.reason;
      yield reason === undefined ? { phase, url, pod } : { phase: 'reconnecting', url, pod, reason };
    }
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  } finally {
    stop.abort();
  }
  signal.throwIfAborted();
  await removed;
}

async function whyNoAnswer(
  place: Place,
  model: string,
  state: PodWayState,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    await answers(state, await releaseToReach(place, model, undefined, signal), signal);
    return undefined;
  } catch (error) {
    if (signal.aborted || !isUserError(error)) throw error;
    return error.message;
  }
}

/** @throws UserError KubernetesForbidden and others that waiting does not mend */
async function untilRemoved({ client, namespace }: Place, model: string, signal: AbortSignal): Promise<void> {
  const list = {
    what: `watch the model ${model}`,
    path: resourcePath(resources.deployments, namespace),
    query: { labelSelector: ofModel(model) },
  };
  for await (const { items, complete } of watchList(client, list, ({ metadata }) => metadata.name, signal))
    if (complete && items.size === 0) return;
}

/** The first state is of before the pods were listed. @throws UserError ModelNotReady */
async function firstAnswer(states: AsyncGenerator<PodWayState>, model: string): Promise<PodWayState> {
  await states.next();
  const next = await states.next();
  if (next.done !== true && next.value.phase === 'active') return next.value;
  throw notReady(model, next.done === true ? undefined : next.value.reason);
}

async function readOn(states: AsyncGenerator): Promise<void> {
  try {
    while ((await states.next()).done !== true);
  } catch {
    // It was closed; or the cluster is gone, and what goes through the port fails by itself.
  }
}

function wayTo({ client, namespace }: Place, model: string, only: number | undefined, local: number): PodWay {
  const labelSelector = only === undefined ? ofModel(model) : `${ofModel(model)},${labels.release}=${String(only)}`;
  const path = resourcePath(resources.pods, namespace);
  const noPod = (): Error => notReady(model, undefined);
  return { client, namespace, query: { labelSelector }, path, candidate, noPod, local };
}

function candidate(object: KubeObject): Candidate {
  const pod = object as Pod;
  const ports = pod.spec?.containers?.find((one) => one.name === container)?.ports ?? [];
  return {
    name: pod.metadata.name,
    port: ports.find((one) => one.name === portName)?.containerPort ?? 0,
    isReady: isPodReady(pod),
    rank: releaseOf(pod),
    createdAt: pod.metadata.creationTimestamp,
  };
}

/** The newest: all releases of a model usually have one path. */
async function releaseToReach(
  { client, namespace }: Place,
  model: string,
  only: number | undefined,
  signal: AbortSignal,
): Promise<ReleaseSpec> {
  const where = { resource: resources.configMaps, namespace };
  const objects = await listObjects<ConfigMap>(client, where, ofModel(model), signal);
  const release = parseReleases(objects).findLast((one) => only === undefined || one.spec.version === only);
  if (release === undefined) throw notReady(model, undefined);
  return release.spec;
}

async function answers({ url, lastFailure }: PodWayState, { model, image }: ReleaseSpec, signal: AbortSignal) {
  let last: unknown;
  for (let attempt = 0; attempt < tries; attempt++) {
    try {
      const response = await fetch(url + image.health, {
        headers: { connection: 'close' },
        signal: AbortSignal.any([signal, AbortSignal.timeout(answerMs)]),
      });
      await response.arrayBuffer();
      if (response.ok) return;
      last = `it answered ${String(response.status)}`;
    } catch (error) {
      signal.throwIfAborted();
      last = lastFailure() ?? error;
    }
  }
  throw notReady(model, last);
}

function notReady(model: string, cause: unknown): UserError {
  const told = cause instanceof Error ? cause.message : cause;
  const why = typeof told === 'string' ? told : 'none of its pods is ready.';
  return new UserError('ModelNotReady', `${model} does not answer: ${why}`, {
    cause,
    remedy: { kind: 'runCommand', label: 'Show Logs', command: 'slipway.followLogs', args: [model] },
  });
}
