import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { isAlive } from '../../../clients/files/lockFile';
import { createObject, deleteObject, findObject, type Manifest } from '../../../clients/kubernetes/change';
import { resourcePath, resources, type KubeObject } from '../../../clients/kubernetes/objects';
import { isUserError, UserError } from '../../../core/errors';
import { inertText } from '../../../core/inertText';
import { labels, leaseName, manager } from '../names';
import { patiently } from '../patiently';
import type { Place } from '../place';

/** https://kubernetes.io/docs/concepts/architecture/leases/ */
interface Lease extends KubeObject {
  readonly spec?: { readonly holderIdentity?: string; readonly renewTime?: string };
}

/** The exclusive right to change a model. */
export interface HeldLease {
  /** Aborts when the right was lost. */
  readonly lost: AbortSignal;
  readonly release: () => Promise<void>;
}

const renewMs = 3000;
/** A holder that did not renew for so long has died. */
const durationMs = 15_000;
const lookMs = 1000;

/**
 * Takes the lease of a model. Nobody's clock is compared with another's: a lease that is not renewed while we look at it
 * is free.
 * @param program shown to others
 * @throws UserError DeployInProgress
 */
export async function takeLease(place: Place, model: string, program: string, signal: AbortSignal): Promise<HeldLease> {
  const holder = `${program} ${hostname()} ${String(process.pid)} ${randomBytes(4).toString('hex')}`;
  for (;;) {
    if (await createLease(place, model, holder, signal)) return keepLease(place, model, holder);
    await waitUntilFree(place, model, signal);
  }
}

/** Whether the lease is ours now; also when the answer to an earlier try was lost. */
async function createLease(place: Place, model: string, holder: string, signal: AbortSignal): Promise<boolean> {
  try {
    const lease = leaseOf(place, model, holder);
    await patiently(() => createObject(place.client, resources.leases, lease, signal), signal);
    return true;
  } catch (error) {
    if (!isUserError(error) || error.code !== 'KubernetesConflict') throw error;
  }
  const found = await patiently(() => findLease(place, model, signal), signal);
  return found?.spec?.holderIdentity === holder;
}

function findLease({ client, namespace }: Place, model: string, signal: AbortSignal): Promise<Lease | undefined> {
  return findObject<Lease>(client, { resource: resources.leases, namespace, name: leaseName(model) }, signal);
}

/** Runs a change with the lease held. */
export async function withLease<T>(
  place: Place,
  model: string,
  program: string,
  signal: AbortSignal,
  body: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const lease = await takeLease(place, model, program, signal);
  try {
    return await body(AbortSignal.any([signal, lease.lost]));
  } finally {
    await lease.release();
  }
}

function leaseOf({ namespace }: Place, model: string, holder: string): Manifest {
  const now = microTime();
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {
      name: leaseName(model),
      namespace,
      labels: { [labels.managedBy]: manager, [labels.model]: model },
    },
    spec: {
      holderIdentity: holder,
      leaseDurationSeconds: durationMs / 1000,
      acquireTime: now,
      renewTime: now,
    },
  };
}

function microTime(): string {
  return new Date().toISOString().replace('Z', '000Z');
}

/** Deletes the lease of a holder that died. @throws UserError DeployInProgress when it lives */
async function waitUntilFree(place: Place, model: string, signal: AbortSignal): Promise<void> {
  const first = await patiently(() => findLease(place, model, signal), signal);
  if (first === undefined) return;
  const now = await watchHolder(place, model, first, signal);
  if (now === 'free') return;
  if (now !== 'dead') throw inProgress(model, now);
  const { uid, resourceVersion } = first.metadata;
  await place.client
    .request(
      {
        what: `free the lease of ${model}`,
        method: 'DELETE',
        path: resourcePath(resources.leases, place.namespace, leaseName(model)),
        body: { preconditions: { uid, resourceVersion } },
      },
      signal,
    )
    .catch((error: unknown) => {
      // Somebody else was quicker.
      if (!isUserError(error) || !/KubernetesConflict|KubernetesNotFound/.test(error.code)) throw error;
    });
}

/** Whether somebody who lives is changing a model. Asks for some time where the holder is on another machine. */
export async function isHeld(place: Place, model: string, signal: AbortSignal): Promise<boolean> {
  const first = await patiently(() => findLease(place, model, signal), signal);
  if (first === undefined) return false;
  const now = await watchHolder(place, model, first, signal);
  return now !== 'free' && now !== 'dead';
}

/** @returns the lease once it was renewed */
async function watchHolder(
  place: Place,
  model: string,
  first: Lease,
  signal: AbortSignal,
): Promise<Lease | 'free' | 'dead'> {
  const deadline = performance.now() + durationMs;
  while (!isDead(first) && performance.now() < deadline) {
    await delay(lookMs, undefined, { signal });
    const now = await patiently(() => findLease(place, model, signal), signal);
    if (now === undefined) return 'free';
    if (now.metadata.resourceVersion !== first.metadata.resourceVersion) return now;
  }
  return 'dead';
}

/** A process of this machine that is gone cannot renew. */
function isDead({ spec }: Lease): boolean {
  const [, host, pid] = /^.* (\S+) (\d+) [0-9a-f]{8}$/.exec(spec?.holderIdentity ?? '') ?? [];
  return host === hostname() && !isAlive(Number(pid));
}

function inProgress(model: string, { spec }: Lease): UserError {
  const holder = inertText((spec?.holderIdentity ?? 'another process').replace(/ [0-9a-f]{8}$/, ''));
  return new UserError('DeployInProgress', `${model} is being changed by ${holder}.`, {
    remedy: { kind: 'hint', label: 'Wait until it is done, or cancel it there.' },
    details: { holder },
  });
}

function keepLease(place: Place, model: string, holder: string): HeldLease {
  const stopped = new AbortController();
  const lost = new AbortController();
  const renewing = renew(place, model, holder, stopped.signal).catch((error: unknown) => {
    if (!stopped.signal.aborted) lost.abort(error);
  });
  return {
    lost: lost.signal,
    release: async () => {
      stopped.abort();
      await renewing;
      const address = { resource: resources.leases, namespace: place.namespace, name: leaseName(model) };
      if (lost.signal.aborted) return;
      const limit = AbortSignal.timeout(durationMs);
      await patiently(() => deleteObject(place.client, address, limit), limit).catch(() => undefined);
    },
  };
}

/** @throws UserError DeployInProgress when somebody else took the lease, which they do only after we were long silent */
async function renew(place: Place, model: string, holder: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    await delay(renewMs, undefined, { signal, ref: false });
    try {
      await place.client.request(
        {
          what: `renew the lease of ${model}`,
          method: 'PATCH',
          path: resourcePath(resources.leases, place.namespace, leaseName(model)),
          contentType: 'application/json-patch+json',
          body: [
            { op: 'test', path: '/spec/holderIdentity', value: holder },
            { op: 'replace', path: '/spec/renewTime', value: microTime() },
          ],
          silenceMs: renewMs,
        },
        signal,
      );
    } catch (error) {
      signal.throwIfAborted();
      if (isUserError(error) && /KubernetesNotFound|KubernetesInvalid/.test(error.code))
        throw new UserError('DeployInProgress', `${model} was taken over by somebody else.`, { cause: error });
    }
  }
}
