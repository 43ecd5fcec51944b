import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { annotate, createObject, deleteObject, scaleObject } from '../../../clients/kubernetes/change';
import { readPodLog } from '../../../clients/kubernetes/podLog';
import { resources } from '../../../clients/kubernetes/objects';
import { isUserError, UserError } from '../../../core/errors';
import { needsKey, type Exposure } from '../../../core/exposure';
import type { Reason } from '../../../core/deployment';
import type { RolloutStep } from '../../../core/target';
import { boundedReason } from './boundedReason';
import { withLog } from './cause';
import { deleteOurs } from '../change/deleteOurs';
import { applyRoutes } from '../reach/expose';
import { forwardModel } from '../reach/forward';
import { releaseManifests, secretManifest, serviceManifest } from '../manifests/manifests';
import { annotations, container, releaseName } from '../names';
import { refusesStrangers } from '../reach/keyKnown';
import { networkPolicies } from '../manifests/networkPolicy';
import { patiently } from '../patiently';
import type { Place } from '../place';
import type { ReleaseSpec } from '../state/release';
import { applyOurs } from '../change/takeOver';
import { followRollout, type RolloutOutcome } from './rollout';

/**
 * Makes the cluster's objects those of a release.
 * @param exposure as far as the pods that run may be reached; all that the release says, unless told
 */
export async function applyRelease(
  place: Place,
  release: ReleaseSpec,
  signal: AbortSignal,
  exposure: Exposure | undefined = release.image.exposure,
): Promise<void> {
  const policies = networkPolicies(release, place.namespace);
  // Before the pods: none of them is ever reached by whom the release shuts out.
  for (const manifest of [...policies, ...releaseManifests(release, place.namespace, exposure)])
    await applyOurs(place, manifest, signal);
  if (policies.length === 0) await deleteOurs(place, resources.networkPolicies, release.model, signal);
  await applyRoutes(place, release, exposure, signal);
}

/** Lets a release be reached as it says, once its pods are known to ask for the key. */
export async function exposeRelease(place: Place, release: ReleaseSpec, signal: AbortSignal): Promise<void> {
  const { exposure } = release.image;
  await applyOurs(place, serviceManifest(release, place.namespace, exposure), signal);
  await applyRoutes(place, release, exposure, signal);
}

/** The values of a release's secrets; they go with the release. */
export async function storeSecrets(
  { client, namespace }: Place,
  release: ReleaseSpec,
  values: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<void> {
  if (!release.hasSecrets) return;
  await patiently(async () => {
    try {
      await createObject(client, resources.secrets, secretManifest(release, namespace, values), signal);
    } catch (error) {
      // The answer to the first try was lost: nobody else takes the number of our release.
      if (!isUserError(error) || error.code !== 'KubernetesConflict') throw error;
    }
  }, signal);
}

/** Forgets a release that was never tried to its end. */
export async function forgetRelease(
  { client, namespace }: Place,
  release: ReleaseSpec,
  signal: AbortSignal,
): Promise<void> {
  const name = releaseName(release.model, release.version);
  for (const resource of [resources.configMaps, ...(release.hasSecrets ? [resources.secrets] : [])])
    await patiently(() => deleteObject(client, { resource, namespace, name }, signal), signal);
}

/** Notes how a release did. */
export async function noteOutcome(
  { client, namespace }: Place,
  { model, version }: ReleaseSpec,
  failure: Reason | undefined,
  signal: AbortSignal,
): Promise<void> {
  const name = releaseName(model, version);
  const notes = {
    [annotations.outcome]: failure === undefined ? 'ready' : 'failed',
    [annotations.failure]: failure === undefined ? null : JSON.stringify(boundedReason(failure)),
  };
  await patiently(() => annotate(client, { resource: resources.configMaps, namespace, name }, notes, signal), signal);
}

export async function scaleModel(
  { client, namespace }: Place,
  model: string,
  replicas: number,
  signal: AbortSignal,
): Promise<void> {
  const address = { resource: resources.deployments, namespace, name: model };
  await patiently(() => scaleObject(client, address, replicas, signal), signal);
}

/** Waits until a release answers, with what was seen on the way. */
export async function* awaitRelease(
  place: Place,
  release: ReleaseSpec,
  signal: AbortSignal,
): AsyncGenerator<
  RolloutStep,
  Extract<RolloutOutcome, { kind: 'ready' }> | { readonly kind: 'failed'; readonly reason: Reason }
> {
  const { model, version, image, readyTimeoutSeconds } = release;
  const way = { image: image.image, readyTimeoutSeconds, tellsWay: image.drains };
  const outcome = yield* followRollout(place, { model, version, ...way }, signal);
  if (outcome.kind === 'failed') return { kind: 'failed', reason: await explain(place, release, outcome, signal) };
  yield { kind: 'progress', step: 'verifying', message: `Asking ${model} whether it is ready` };
  const asksForKey = await verify(place, release, signal);
  return asksForKey ? outcome : { kind: 'failed', reason: keyIgnored(release) };
}

/** So long connections may break: an API server that restarts lets none through, and some of those after it fail, too. */
const verifyMs = 60_000;
const verifyPauseMs = 1000;

/**
 * The kubelet knows that it answers, so a connection that breaks is the network's.
 * @returns whether it asks for the key that it is to ask for
 */
async function verify(place: Place, { model, version, image }: ReleaseSpec, signal: AbortSignal): Promise<boolean> {
  for (const deadline = performance.now() + verifyMs; ;) {
    try {
      const forward = await patiently(() => forwardModel(place, model, version, signal), signal);
      try {
        const isGuarded = needsKey(image.exposure) ? await refusesStrangers(forward.url, signal) : true;
        if (isGuarded !== undefined || performance.now() > deadline) return isGuarded === true;
      } finally {
        await forward.close();
      }
    } catch (error) {
      signal.throwIfAborted();
      if (performance.now() > deadline || !isUserError(error) || error.code !== 'ModelNotReady') throw error;
    }
    await delay(verifyPauseMs, undefined, { signal });
  }
}

function keyIgnored({ model }: ReleaseSpec): Reason {
  const message = `${model} answers without its key, so it is not to be reached from beyond the cluster. An older Slipway made its image`;
  return { code: 'KeyIgnored', message };
}

const tailLines = 60;
const keptLines = 30;

async function explain(
  place: Place,
  { provenance }: ReleaseSpec,
  { reason, pod }: Extract<RolloutOutcome, { kind: 'failed' }>,
  signal: AbortSignal,
): Promise<Reason> {
  if (pod === undefined) return reason;
  const { notebook, project } = provenance;
  const file = notebook === null ? undefined : path.join(project, notebook.path);
  const lines = await logTail(place, pod, signal);
  const told = withLog(reason, lines, file);
  return { ...told, ...(told.logTail === undefined ? {} : { logTail: told.logTail.slice(-keptLines) }) };
}

/** Of the container that ended last; of the one that runs where none has ended. */
async function logTail({ client, namespace }: Place, pod: string, signal: AbortSignal): Promise<readonly string[]> {
  for (const previous of [true, false]) {
    const lines: string[] = [];
    try {
      const request = { namespace, pod, container, follow: false, previous, tailLines };
      for await (const read of readPodLog(client, request, signal)) lines.push(...read.map((line) => line.text));
      if (lines.length > 0) return lines;
    } catch (error) {
      signal.throwIfAborted();
      if (!isUserError(error)) throw error;
    }
  }
  return [];
}

/** The release did not become ready; what answers now is said, too. */
export function rolloutFailed(release: ReleaseSpec, reason: Reason, still: number | undefined): UserError {
  const { model, version } = release;
  const rest = still === undefined ? '' : ` Release ${String(still)} keeps answering.`;
  return new UserError(
    'RolloutFailed',
    `Release ${String(version)} did not become ready: ${reason.message.replace(/\.$/, '')}.${rest}`,
    {
      ...(reason.location === undefined ? {} : { location: reason.location }),
      remedy: { kind: 'runCommand', label: 'Show Logs', command: 'slipway.followLogs', args: [model] },
      details: { reason },
    },
  );
}
