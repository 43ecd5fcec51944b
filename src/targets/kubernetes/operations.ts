import { UserError } from '../../core/errors';
import type { DeployedModel } from '../../core/deployment';
import { isOutside } from '../../core/exposure';
import type { ImageContent, Reservation } from '../../core/target';
import { cleanUpModel } from './change/cleanUp';
import { deployRelease } from './change/deploy';
import { takeLease, withLease } from './change/lease';
import { ofModel, ours } from './names';
import { OutsideAddresses, withAddresses } from './reach/outside';
import type { Snapshot } from './objects';
import { patiently } from './patiently';
import type { Place } from './place';
import { readSnapshot, watchSnapshots } from './state/snapshot';
import { findModel, modelsIn } from './state/state';
import type { Subject } from './subject';
import { mayChange } from './change/takeOver';

export { changeAutoscale, checkMetric } from './change/autoscale';
export { readLeftovers } from './change/cleanUp';
export { rollBack } from './change/deploy';
export { readKey, rotateKey } from './reach/key';
export { changesOf } from './manifests/dryRun';
export { forwardModel, holdForward } from './reach/forward';
export { readLogs } from './logs/logs';
export { namespaceNames } from './preflight/namespaceNames';
export { openPlace } from './place';
export { checkPlace } from './preflight/preflight';
export { createPullSecret, fittingSecrets } from './preflight/pullSecrets';
export { readRelease } from './state/readRelease';
export { restartModel } from './change/restart';
export { exportModel, renderRequest } from './manifests/render';
export { removeModel } from './change/remove';
export { changeScale, startModel, stopModel } from './change/scale';
export { asking } from './change/takeOver';

/** How soon an address beyond the cluster is shown after it has answered. */
const lookMs = 1000;

export async function readModels(
  place: Place,
  targetId: string,
  signal: AbortSignal,
): Promise<readonly DeployedModel[]> {
  return modelsIn(await readSnapshot(place, ours, signal), targetId);
}

/** Asks models at their addresses beyond the cluster. */
export async function readAddresses(
  place: Place,
  models: readonly DeployedModel[],
  signal: AbortSignal,
): Promise<readonly DeployedModel[]> {
  if (!models.some(({ exposure }) => isOutside(exposure))) return models;
  return withAddresses(place, models, await readSnapshot(place, ours, signal), signal);
}

export async function* watchModels(
  place: Place,
  targetId: string,
  signal: AbortSignal,
): AsyncGenerator<readonly DeployedModel[]> {
  let last = '';
  const outside = new OutsideAddresses(place, signal);
  const tickMs = () => (outside.isNeeded ? lookMs : undefined);
  for await (const snapshot of watchSnapshots(place, ours, tickMs, signal)) {
    const models = outside.tell(modelsIn(snapshot, targetId), snapshot);
    const text = JSON.stringify(models);
    if (text === last) continue;
    last = text;
    yield models;
  }
}

/** The right to deploy a model, held as a Lease in the namespace. @throws UserError ManagedElsewhere, DeployInProgress */
export async function reserveModel(
  subject: Subject,
  program: string,
  signal: AbortSignal,
): Promise<Reservation<ImageContent>> {
  const { place, model } = subject;
  await mayChange(subject, await patiently(() => readSnapshot(place, ofModel(model), signal), signal), signal);
  const lease = await takeLease(place, model, program, signal);
  return {
    deploy: (request, abort) => deployRelease(subject, request, AbortSignal.any([abort, lease.lost])),
    release: lease.release,
  };
}

/** Changes a model that exists, while nobody else does. @throws UserError ModelNotFound, ManagedElsewhere, DeployInProgress */
export async function changeModel<T>(
  subject: Subject,
  program: string,
  signal: AbortSignal,
  body: (abort: AbortSignal) => Promise<T>,
): Promise<T> {
  await mayChange(subject, await mustExist(subject, signal), signal);
  return withLease(subject.place, subject.model, program, signal, body);
}

/** Cleans up after a change of a model that was cut off, while nobody changes it. @throws UserError ManagedElsewhere, DeployInProgress */
export async function cleanUp(subject: Subject, program: string, signal: AbortSignal): Promise<void> {
  await mayChange(subject, await readSnapshot(subject.place, ofModel(subject.model), signal), signal);
  await withLease(subject.place, subject.model, program, signal, (abort) => cleanUpModel(subject, abort));
}

/** @throws UserError ModelNotFound */
export async function mustExist({ place, model, targetId }: Subject, signal: AbortSignal): Promise<Snapshot> {
  const snapshot = await readSnapshot(place, ofModel(model), signal);
  if (findModel(snapshot, model, targetId) !== undefined) return snapshot;
  const where = `the namespace ${place.namespace} of ${place.client.context.name}`;
  throw new UserError('ModelNotFound', `There is no model named ${model} in ${where}.`, {
    remedy: { kind: 'runCommand', label: 'Deploy Model', command: 'slipway.deployModel' },
  });
}
