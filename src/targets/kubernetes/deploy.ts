import { findObject } from '../../clients/kubernetes/change';
import { resources } from '../../clients/kubernetes/objects';
import { withinBounds, type Autoscale } from '../../core/autoscale';
import { UserError } from '../../core/errors';
import type { DeployedModel } from '../../core/deployment';
import type { DeployRequest, ImageContent, RolloutStep } from '../../core/target';
import { applyAutoscaler, mustBeOurs } from './autoscale';
import { autoscalerOf, autoscaleState } from './autoscalers';
import { keepBudget } from './budget';
import { ofModel } from './names';
import type { Deployment } from './objects';
import { patiently } from './patiently';
import { pullSecretsOf } from './pullSecrets';
import { allocateRelease, type ReleaseSpec } from './release';
import { removeModel } from './remove';
import { readSnapshot } from './snapshot';
import type { Subject } from './subject';
import { findModel, releaseOf, releasesOf, rememberedReplicas } from './state';
import {
  applyRelease,
  awaitRelease,
  forgetRelease,
  noteOutcome,
  rolloutFailed,
  scaleModel,
  storeSecrets,
} from './switchRelease';

export const servicePort = 80;
/** For putting things back as they were, after the user has given up. */
const undoMs = 60_000;

/** What was there before a change, and what is gone back to when it fails. */
interface Before {
  readonly release: ReleaseSpec | undefined;
  readonly replicas: number;
  /** Whoever scales automatically is left to it. */
  readonly autoscale: Autoscale | undefined;
}

/** Makes a new release and rolls it out. @throws UserError RolloutFailed, and of the client */
export async function* deployRelease(
  subject: Subject,
  request: DeployRequest<ImageContent>,
  signal: AbortSignal,
): AsyncGenerator<RolloutStep> {
  const { place, model } = subject;
  const { known, deployment, before, snapshot } = await stateOf(subject, signal);
  if (request.autoscale !== undefined) mustBeOurs(snapshot, model);
  const release = await allocateRelease(
    place,
    {
      schema: 1,
      model,
      image: request.content,
      provenance: request.provenance,
      port: request.port ?? before.release?.port ?? servicePort,
      readyTimeoutSeconds: request.readyTimeoutSeconds,
      hasSecrets: Object.keys(request.secrets).length > 0,
      pullSecrets: await patiently(() => pullSecretsOf(place, signal), signal),
    },
    known,
    signal,
  );
  const replicas =
    request.replicas ?? (before.replicas > 0 ? before.replicas : deployment && rememberedReplicas(deployment)) ?? 1;
  const { secrets, autoscale } = request;
  yield* switchTo(subject, { release, replicas, autoscale, before, isNew: true, secrets }, signal);
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

async function stateOf({ place, model }: Subject, signal: AbortSignal) {
  const snapshot = await patiently(() => readSnapshot(place, ofModel(model), signal), signal);
  const deployment = snapshot.deployments.find((one) => one.metadata.name === model);
  const known = releasesOf(snapshot, model);
  const current = known.find((one) => deployment !== undefined && one.spec.version === releaseOf(deployment));
  const autoscaler = autoscalerOf(snapshot, model);
  const before: Before = {
    release: current?.outcome === 'failed' ? undefined : current?.spec,
    replicas: deployment?.spec.replicas ?? 0,
    autoscale: autoscaler && autoscaleState(autoscaler),
  };
  return { known, deployment, before, snapshot };
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
  const { place, model, targetId } = subject;
  const { release, before } = change;
  let outcome;
  try {
    await storeSecrets(place, release, change.secrets, signal);
    yield { kind: 'progress', step: 'applying', message: `Applying release ${String(release.version)} of ${model}` };
    await applyRelease(place, release, signal);
    const guaranteed = await giveReplicas(subject, change, signal);
    await keepBudget(place, model, guaranteed, signal);
    outcome = yield* awaitRelease(place, release, signal);
  } catch (error) {
    await undo(subject, change, AbortSignal.timeout(undoMs)).catch(() => undefined);
    throw error;
  }
  if (outcome.kind === 'failed') {
    const { reason } = outcome;
    await noteOutcome(place, release, reason, signal);
    await goBack(subject, before, signal);
    throw rolloutFailed(release, reason, before.replicas > 0 ? before.release?.version : undefined);
  }
  await noteOutcome(place, release, undefined, signal);
  if (change.autoscale !== undefined) await applyAutoscaler(place, model, change.autoscale, signal);
  const found = findModel(await readSnapshot(place, ofModel(model), signal), model, targetId);
  if (found === undefined) throw new UserError('RolloutFailed', `${model} was removed while it was deployed.`);
  yield { kind: 'ready', model: found };
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

async function currentReplicas({ place: { client, namespace }, model }: Subject, signal: AbortSignal): Promise<number> {
  const address = { resource: resources.deployments, namespace, name: model };
  return (await patiently(() => findObject<Deployment>(client, address, signal), signal))?.spec.replicas ?? 1;
}

/** As if the change had never been begun. */
async function undo(subject: Subject, { before, isNew, release }: Switch, signal: AbortSignal): Promise<void> {
  const { place, model } = subject;
  if (before.release === undefined && isNew && before.replicas === 0 && release.version === 1) {
    await removeModel(place, model, signal);
    return;
  }
  await goBack(subject, before, signal);
  if (isNew) await forgetRelease(place, release, signal);
}

/** Without a release to go back to nothing is left running. */
async function goBack(subject: Subject, before: Before, signal: AbortSignal): Promise<void> {
  const { place, model } = subject;
  const { release, replicas } = before;
  if (release !== undefined) await applyRelease(place, release, signal);
  if (release === undefined || replicas === 0) await scaleModel(place, model, 0, signal);
  else await giveReplicas(subject, { replicas, autoscale: undefined, before }, signal);
}

function releaseMissing(model: string, version: number | undefined): UserError {
  const what = version === undefined ? 'no release before the current one' : `no release ${String(version)}`;
  return new UserError('ReleaseMissing', `${model} has ${what}.`, {
    remedy: { kind: 'hint', label: 'Choose one of the releases that `slipway models` shows.' },
  });
}
