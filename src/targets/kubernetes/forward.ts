import { listenForPods, type PodPort } from '../../clients/kubernetes/portForward';
import { UserError } from '../../core/errors';
import type { Forward } from '../../core/target';
import { listObjects } from '../../clients/kubernetes/change';
import { resources } from '../../clients/kubernetes/objects';
import { labels, ofModel } from './names';
import { isPodReady, type ConfigMap, type Pod } from './objects';
import type { Place } from './place';
import { parseReleases, type ReleaseSpec } from './release';
import { releaseOf } from './state';

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
  const [release] = await releasesToReach(place, model, only, signal);
  if (release === undefined) throw notReady(model, undefined);
  const port = await listenForPods(place.client, (abort) => choosePod(place, model, release, only, abort));
  try {
    await answers(port.url + release.image.health, model, port.lastFailure, signal);
    return { url: port.url, close: port.close };
  } catch (error) {
    await port.close();
    throw error;
  }
}

/** The newest first: all releases of a model usually have one port and one path. */
async function releasesToReach(
  { client, namespace }: Place,
  model: string,
  only: number | undefined,
  signal: AbortSignal,
): Promise<readonly ReleaseSpec[]> {
  const objects = await listObjects<ConfigMap>(
    client,
    { resource: resources.configMaps, namespace },
    ofModel(model),
    signal,
  );
  return parseReleases(objects)
    .filter((one) => only === undefined || one.spec.version === only)
    .map((one) => one.spec)
    .reverse();
}

async function choosePod(
  { client, namespace }: Place,
  model: string,
  release: ReleaseSpec,
  only: number | undefined,
  signal: AbortSignal,
): Promise<PodPort> {
  const selector = only === undefined ? ofModel(model) : `${ofModel(model)},${labels.release}=${String(only)}`;
  const pods = await listObjects<Pod>(client, { resource: resources.pods, namespace }, selector, signal);
  const ready = pods.filter(isPodReady).toSorted((left, right) => releaseOf(right) - releaseOf(left));
  const [pod] = ready;
  if (pod === undefined) throw notReady(model, undefined);
  return { namespace, pod: pod.metadata.name, port: release.image.port };
}

async function answers(url: string, model: string, failure: () => unknown, signal: AbortSignal): Promise<void> {
  let last: unknown;
  for (let attempt = 0; attempt < tries; attempt++) {
    try {
      const response = await fetch(url, {
        headers: { connection: 'close' },
        signal: AbortSignal.any([signal, AbortSignal.timeout(answerMs)]),
      });
      if (response.ok) return;
      last = new Error(`it answered ${String(response.status)}`);
    } catch (error) {
      signal.throwIfAborted();
      last = failure() ?? error;
    }
  }
  throw notReady(model, last);
}

function notReady(model: string, cause: unknown): UserError {
  const why = cause instanceof Error ? ` ${cause.message}` : ' None of its pods is ready.';
  return new UserError('ModelNotReady', `${model} does not answer.${why}`, {
    cause,
    remedy: { kind: 'runCommand', label: 'Show Logs', command: 'slipway.followLogs', args: [model] },
  });
}
