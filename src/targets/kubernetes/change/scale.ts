import { annotate } from '../../../clients/kubernetes/change';
import { resources } from '../../../clients/kubernetes/objects';
import { UserError } from '../../../core/errors';
import { mustNotBeAutoscaled } from './autoscale';
import { keepBudget } from '../manifests/budget';
import type { Subject } from '../subject';
import { annotations, ofModel } from '../names';
import type { Deployment } from '../objects';
import { patiently } from '../patiently';
import { isComplete } from '../rollout/rollout';
import { readSnapshot, watchSnapshots } from '../state/snapshot';
import { releasesOf, rememberedReplicas, runBy } from '../state/state';
import { awaitRelease, scaleModel } from '../rollout/switchRelease';

/** Changes how many replicas answer, and waits for them. @throws UserError ScaleFailed, Autoscaled */
export async function changeScale(subject: Subject, replicas: number, signal: AbortSignal): Promise<void> {
  const { deployment, snapshot } = await read(subject, signal);
  mustNotBeAutoscaled(snapshot, subject.model);
  await scaleModel(subject.place, subject.model, replicas, signal);
  await keepBudget(subject.place, subject.model, replicas, signal);
  await settle(subject, replicas >= (deployment.spec.replicas ?? 1), 'ScaleFailed', signal);
}

/** Ends all replicas, and notes how many there were. */
export async function stopModel(subject: Subject, signal: AbortSignal): Promise<void> {
  const { place, model } = subject;
  const { deployment } = await read(subject, signal);
  const replicas = deployment.spec.replicas ?? 1;
  if (replicas > 0) {
    const address = { resource: resources.deployments, namespace: place.namespace, name: model };
    const notes = { [annotations.replicas]: String(replicas) };
    await patiently(() => annotate(place.client, address, notes, signal), signal);
  }
  await scaleModel(place, model, 0, signal);
  await settle(subject, false, 'ScaleFailed', signal);
}

/** @throws UserError StartFailed, and the model is stopped again */
export async function startModel(subject: Subject, signal: AbortSignal): Promise<void> {
  const { place, model } = subject;
  const { deployment } = await read(subject, signal);
  if ((deployment.spec.replicas ?? 1) > 0) return;
  await scaleModel(place, model, rememberedReplicas(deployment), signal);
  try {
    await settle(subject, true, 'StartFailed', signal);
  } catch (error) {
    await scaleModel(place, model, 0, AbortSignal.timeout(30_000));
    throw error;
  }
}

async function read({ place, model }: Subject, signal: AbortSignal) {
  const snapshot = await patiently(() => readSnapshot(place, ofModel(model), signal), signal);
  const deployment = snapshot.deployments.find((one) => one.metadata.name === model);
  if (deployment === undefined) throw new UserError('ModelNotFound', `${model} was removed meanwhile.`);
  const release = runBy(deployment, releasesOf(snapshot, model))?.spec;
  return { deployment, release, snapshot };
}

/** Fewer replicas only need to leave, and a pod that leaves still answers; more of them must become ready. */
async function settle(subject: Subject, isMore: boolean, code: string, signal: AbortSignal): Promise<void> {
  const { place, model } = subject;
  const { release } = await read(subject, signal);
  if (!isMore || release === undefined) {
    for await (const { deployments, pods } of watchSnapshots(place, ofModel(model), undefined, signal))
      if (deployments.every(isSettled) && pods.length <= replicasOf(deployments)) return;
    return;
  }
  for (const steps = awaitRelease(place, release, signal); ;) {
    const next = await steps.next();
    if (next.done !== true) continue;
    if (next.value.kind === 'ready') return;
    const { reason } = next.value;
    throw new UserError(code, `The replicas of ${model} did not become ready: ${reason.message}`, {
      remedy: { kind: 'runCommand', label: 'Show Logs', command: 'slipway.followLogs', args: [model] },
      details: { reason },
    });
  }
}

function replicasOf(deployments: readonly Deployment[]): number {
  return deployments.reduce((sum, one) => sum + (one.spec.replicas ?? 1), 0);
}

function isSettled(deployment: Deployment): boolean {
  return isComplete(deployment) && (deployment.status?.replicas ?? 0) === (deployment.spec.replicas ?? 1);
}
