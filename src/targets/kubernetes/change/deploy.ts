import { findObject } from '../../../clients/kubernetes/change';
import { resources } from '../../../clients/kubernetes/objects';
import { withinBounds, type Autoscale } from '../../../core/autoscale';
import { UserError } from '../../../core/errors';
import type { DeployedModel, Reason } from '../../../core/deployment';
import { isOutside, needsKey, type Exposure } from '../../../core/exposure';
import type { DeployRequest, ImageContent, RolloutStep } from '../../../core/target';
import { applyAutoscaler, mustBeOurs } from './autoscale';
import { nextRelease, stateOf, usualReplicas, type Before } from '../preflight/beforeDeploy';
import { keepBudget } from '../manifests/budget';
import { mendReleases } from './cleanUp';
import { orSayWhatIsLeft } from './halfMade';
import { exposedModel } from '../reach/exposedModel';
import { ensureKey } from '../reach/key';
import type { Deployment } from '../objects';
import { patiently } from '../patiently';
import { checkNamespace } from '../preflight/preflight';
import { allocateRelease, type ReleaseSpec } from '../state/release';
import { deleteObjects } from './remove';
import type { Subject } from '../subject';
import { releaseOf } from '../state/state';
import {
  applyRelease,
  awaitRelease,
  exposeRelease,
  forgetRelease,
  noteOutcome,
  rolloutFailed,
  scaleModel,
  storeSecrets,
} from '../rollout/switchRelease';

/** Makes a new release and rolls it out. @throws UserError RolloutFailed, and of the client */
export async function* deployRelease(
  subject: Subject,
  request: DeployRequest<ImageContent>,
  signal: AbortSignal,
): AsyncGenerator<RolloutStep> {
  const { place, model } = subject;
  const { known, deployment, before, snapshot } = await stateOf(subject, signal);
  if (request.autoscale !== undefined) mustBeOurs(snapshot, model);
  const release = await allocateRelease(place, await nextRelease(subject, request, before, signal), known, signal);
  const replicas = request.replicas ?? usualReplicas(before, deployment);
  const { secrets, autoscale } = request;
  const change = { release, replicas, autoscale, before, isNew: true, secrets };
  for await (const step of switchTo(subject, change, signal)) {
    // The release answers: what an earlier deploy left is no reason to call this one failed.
    if (step.kind === 'ready') await mendReleases(place, known, before.release, signal).catch(() => undefined);
    yield step;
  }
}

/** Goes back, or forth, to a release that was made before. @throws UserError ReleaseMissing, RolloutFailed */
export async function rollBack(
  subject: Subject,
  version: number | undefined,
  signal: AbortSignal,
): Promise<DeployedModel> {
  const { known, deployment, before } = await stateOf(subject, signal);
  const current = deployment === undefined ? 0 : releaseOf(deployment);
  const release = known
    .filter((one) =>
      version === undefined ? one.spec.version < current && one.outcome !== 'failed' : one.spec.version === version,
    )
    .at(-1)?.spec;
  if (release === undefined) throw releaseMissing(subject.model, version);
  const replicas = before.replicas > 0 ? before.replicas : 1;
  const change = { release, replicas, autoscale: undefined, before, isNew: false, secrets: {} };
  for await (const step of switchTo(subject, change, signal)) if (step.kind === 'ready') return step.model;
  throw releaseMissing(subject.model, version);
}

interface Switch {
  readonly release: ReleaseSpec;
  readonly replicas: number;
  /** Undefined: as it is. */
  readonly autoscale: Autoscale | undefined;
  readonly before: Before;
  /** Made for this; forgotten when the user gives up. */
  readonly isNew: boolean;
  readonly secrets: Readonly<Record<string, string>>;
}

async function* switchTo(subject: Subject, change: Switch, signal: AbortSignal): AsyncGenerator<RolloutStep> {
  const { place, model } = subject;
  const { release, before } = change;
  let outcome;
  try {
    await storeSecrets(place, release, change.secrets, signal);
    if (needsKey(release.image.exposure)) await ensureKey(place, model, signal);
    yield { kind: 'progress', step: 'applying', message: `Applying release ${String(release.version)} of ${model}` };
    await applyRelease(place, release, signal, whileItStarts(release, before.release));
    const guaranteed = await giveReplicas(subject, change, signal);
    await keepBudget(place, model, guaranteed, signal);
    outcome = yield* awaitRelease(place, release, signal);
    if (outcome.kind === 'ready') await exposeRelease(place, release, signal);
  } catch (error) {
    await orSayWhatIsLeft(subject, error, (abort) => undo(subject, change, abort));
    throw error;
  }
  if (outcome.kind === 'failed') {
    const { reason } = outcome;
    const still = before.replicas > 0 ? before.release?.version : undefined;
    const error = rolloutFailed(release, reason, still);
    await orSayWhatIsLeft(subject, error, (abort) => giveUp(subject, change, reason, abort));
    throw error;
  }
  await noteOutcome(place, release, undefined, signal);
  if (change.autoscale !== undefined) await applyAutoscaler(place, model, change.autoscale, signal);
  const found = await exposedModel(subject, signal);
  if (found === undefined) throw new UserError('RolloutFailed', `${model} was removed while it was deployed.`);
  yield { kind: 'ready', model: found };
}

/** Before it is known to ask for its key, a release is reached from nowhere that the one before it is not reached from. */
function whileItStarts({ image: { exposure } }: ReleaseSpec, before: ReleaseSpec | undefined): Exposure {
  return (isOutside(exposure) ? before?.image.exposure : exposure) ?? { kind: 'service' };
}

/**
 * Where the cluster decides how many there are, only what lies outside of its bounds is changed.
 * @returns how many there are at least
 */
async function giveReplicas(
  subject: Subject,
  { replicas, autoscale, before }: Pick<Switch, 'replicas' | 'autoscale' | 'before'>,
  signal: AbortSignal,
): Promise<number> {
  const bounds = autoscale ?? before.autoscale;
  const now = await currentReplicas(subject, signal);
  const wanted = bounds === undefined ? replicas : withinBounds(now, bounds);
  if (wanted !== now) await scaleModel(subject.place, subject.model, wanted, signal);
  return bounds?.min ?? wanted;
}

async function currentReplicas(subject: Subject, signal: AbortSignal): Promise<number> {
  return (await patiently(() => findDeployment(subject, signal), signal))?.spec.replicas ?? 1;
}

function findDeployment({ place, model }: Subject, signal: AbortSignal): Promise<Deployment | undefined> {
  const address = { resource: resources.deployments, namespace: place.namespace, name: model };
  return findObject<Deployment>(place.client, address, signal);
}

/** As if the change had never been begun. */
async function undo(subject: Subject, { before, isNew, release }: Switch, signal: AbortSignal): Promise<void> {
  const { place, model } = subject;
  if (before.release === undefined && isNew && before.replicas === 0 && release.version === 1) {
    await deleteObjects(place, model, signal);
    return;
  }
  await goBack(subject, before, signal);
  if (isNew) await forgetRelease(place, release, signal);
}

/** The release did not become ready. What others made of the model meanwhile is left as it is. */
async function giveUp(
  subject: Subject,
  { release, before }: Switch,
  reason: Reason,
  signal: AbortSignal,
): Promise<void> {
  if (reason.code === 'RolloutOvertaken') await checkNamespace(subject.place, signal);
  else await goBack(subject, before, signal);
  await noteOutcome(subject.place, release, reason, signal);
}

/** Without a release to go back to nothing is left running. */
async function goBack(subject: Subject, before: Before, signal: AbortSignal): Promise<void> {
  const { place, model } = subject;
  const { release, replicas } = before;
  if (release !== undefined) {
    await applyRelease(place, release, signal).catch(async (error: unknown) => {
      // What kept the new release from being applied keeps the old one from it, too, and it is there already.
      const deployment = await patiently(() => findDeployment(subject, signal), signal);
      if (deployment === undefined || releaseOf(deployment) !== release.version) throw error;
    });
  }
  if (release === undefined || replicas === 0) await scaleModel(place, model, 0, signal);
  else await giveReplicas(subject, { replicas, autoscale: undefined, before }, signal);
}

function releaseMissing(model: string, version: number | undefined): UserError {
  const what = version === undefined ? 'no release before the current one' : `no release ${String(version)}`;
  return new UserError('ReleaseMissing', `${model} has ${what}.`, {
    remedy: { kind: 'hint', label: 'Choose one of the releases that `slipway models` shows.' },
  });
}
