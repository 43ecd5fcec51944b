import { resourcePath, resources } from '../../../clients/kubernetes/objects';
import { scaleManager } from '../../../clients/kubernetes/change';
import { UserError } from '../../../core/errors';
import type { Subject } from '../subject';
import { orSayWhatIsLeft } from './halfMade';
import { annotations, ofModel } from '../names';
import type { Deployment } from '../objects';
import { patiently } from '../patiently';
import { readSnapshot } from '../state/snapshot';
import { releasesOf, runBy } from '../state/state';
import { awaitRelease } from '../rollout/switchRelease';

/**
 * Replaces the pods of a model one after the other; those before answer until theirs is ready.
 * @throws UserError ModelStopped, RestartFailed when the new pods do not become ready: the old ones answer on
 */
export async function restartModel(subject: Subject, signal: AbortSignal): Promise<void> {
  const { place, model } = subject;
  const snapshot = await patiently(() => readSnapshot(place, ofModel(model), signal), signal);
  const deployment = snapshot.deployments.find((one) => one.metadata.name === model);
  const release = runBy(deployment, releasesOf(snapshot, model));
  if (deployment === undefined || release === undefined || deployment.spec.replicas === 0) {
    throw new UserError('ModelStopped', `${model} does not run.`, {
      remedy: { kind: 'hint', label: 'Start it instead.' },
    });
  }
  const before = templateNotes(deployment)[annotations.restartedAt] ?? null;
  const goBack = (abort: AbortSignal): Promise<void> => mark(subject, before, abort);
  let outcome;
  try {
    await mark(subject, new Date().toISOString(), signal);
    const steps = awaitRelease(place, release.spec, signal);
    let next = await steps.next();
    while (next.done !== true) next = await steps.next();
    outcome = next.value;
  } catch (error) {
    await orSayWhatIsLeft(subject, error, goBack);
    throw error;
  }
  if (outcome.kind === 'ready') return;
  const { reason } = outcome;
  const error = new UserError('RestartFailed', `${model} did not become ready again: ${reason.message}`, {
    remedy: { kind: 'runCommand', label: 'Show Logs', command: 'slipway.followLogs', args: [model] },
    details: { reason },
  });
  await orSayWhatIsLeft(subject, error, goBack);
  throw error;
}

/** A template that differs makes new pods. The mark belongs to nobody's release, so going back to one leaves it. */
async function mark({ place, model }: Subject, time: string | null, signal: AbortSignal): Promise<void> {
  const { client, namespace } = place;
  const metadata = { annotations: { [annotations.restartedAt]: time } };
  const call = {
    what: `restart the Deployment ${model}`,
    method: 'PATCH' as const,
    path: resourcePath(resources.deployments, namespace, model),
    query: { fieldManager: scaleManager },
    contentType: 'application/merge-patch+json',
    body: { spec: { template: { metadata } } },
  };
  await patiently(() => client.request(call, signal), signal);
}

function templateNotes({ spec }: Deployment): Readonly<Record<string, string>> {
  return spec.template?.metadata?.annotations ?? {};
}
