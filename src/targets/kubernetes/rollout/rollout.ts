import type { Reason } from '../../../core/deployment';
import { inertText } from '../../../core/inertText';
import type { RolloutStep } from '../../../core/target';
import { phaseOf, refusalOf, troubleOf, type PodPhase } from './cause';
import { ofModel } from '../names';
import { isPodReady, type Deployment, type Pod, type Snapshot } from '../objects';
import type { Place } from '../place';
import { pulledMessage } from './podEvents';
import { readWords, Starts } from './serverWords';
import { watchSnapshots } from '../state/snapshot';
import { passedStages, StageClock, stageWords, type Judgement, type Stage } from './stages';
import { releaseOf } from '../state/state';

/** What is waited for. */
export interface Rollout {
  readonly model: string;
  readonly version: number;
  readonly image: string;
  /** Of starting and loading alone: what scheduling and pulling take is the cluster's. */
  readonly readyTimeoutSeconds: number;
  /** Whether it is Slipway's server that starts, which tells when it begins to load. */
  readonly tellsWay: boolean;
}

export type RolloutOutcome =
  | { readonly kind: 'ready' }
  /** @param pod one that did not become ready, whose log may tell more */
  | { readonly kind: 'failed'; readonly reason: Reason; readonly pod: string | undefined };

const settlingWords = 'Ready and taking over';
const tickMs = 500;
/** So long the cluster may not be heard. Seconds. */
const longestSilence = 60;

/**
 * Tells how the pods of a release come up, until all are ready and those of other releases are leaving, or until it is
 * clear that they will not be.
 */
export async function* followRollout(
  place: Place,
  rollout: Rollout,
  signal: AbortSignal,
): AsyncGenerator<RolloutStep, RolloutOutcome> {
  const clock = new StageClock(rollout.readyTimeoutSeconds);
  let told = '';
  let before: Judgement | undefined;
  const starts = new Starts(place, rollout.tellsWay);
  for await (const snapshot of freshSnapshots(place, rollout.model, clock, signal)) {
    const deployment = snapshot.deployments.find((one) => one.metadata.name === rollout.model);
    if (deployment === undefined || releaseOf(deployment) !== rollout.version) return overtaken(rollout);
    const pods = podsOf(snapshot, rollout.version);
    if (isComplete(deployment)) {
      yield* tellEnd(place, before, clock, signal);
      return { kind: 'ready' };
    }
    const now = await orStarting(judge(deployment, pods), starts, signal);
    const failure = clock.judge(now);
    if (failure !== undefined) return { kind: 'failed', reason: failure, pod: now.pod?.metadata.name };
    const message = describe(now, rollout.image, pods, deployment);
    if (message === told) continue;
    if (now.stage !== before?.stage) yield* tellTimes(place, [before, now], clock, signal);
    before = now;
    told = message;
    yield { kind: 'progress', step: now.stage, message };
  }
  return overtaken(rollout);
}

/** What a release does while nothing is heard is seen afterwards. @throws UserError when that takes too long */
async function* freshSnapshots(
  place: Place,
  model: string,
  clock: StageClock,
  signal: AbortSignal,
): AsyncGenerator<Snapshot> {
  for await (const snapshot of watchSnapshots(place, ofModel(model), tickMs, signal)) {
    if (snapshot.old === undefined) yield snapshot;
    else if (clock.silence() > longestSilence) throw snapshot.old.error;
  }
}

/** A container that runs loads, unless its server says that it is not so far. */
async function orStarting(now: Judgement, starts: Starts, signal: AbortSignal): Promise<Judgement> {
  const { stage, pod, trouble } = now;
  if (stage !== 'loading' || trouble !== undefined || pod === undefined) return now;
  return (await starts.has(pod, signal)) ? { ...now, stage: 'starting' } : now;
}

/** A release may be ready and alone at once: then nobody saw it take over. */
async function* tellEnd(
  place: Place,
  before: Judgement | undefined,
  clock: StageClock,
  signal: AbortSignal,
): AsyncGenerator<RolloutStep> {
  if (before === undefined || before.stage === 'settling') return;
  yield* tellTimes(place, [before, { ...before, stage: 'settling' }], clock, signal);
  yield { kind: 'progress', step: 'settling', message: settlingWords };
}

/** How long the stages took that are over: as who did it says, else as it was seen. */
async function* tellTimes(
  place: Place,
  [before, now]: readonly [Judgement | undefined, Judgement],
  clock: StageClock,
  signal: AbortSignal,
): AsyncGenerator<RolloutStep> {
  const from = before?.stage;
  const pod = from === 'starting' || from === 'loading' ? before?.pod : now.pod;
  for (const stage of passedStages(from, now.stage)) {
    const seen = stage === from ? tookMessage(stage, clock.spent(stage)) : undefined;
    const message = (await toldTime(place, stage, pod, signal)) ?? seen;
    if (message !== undefined) yield { kind: 'progress', step: stage, message };
  }
}

/** What the kubelet knows of pulling, and the server of its start. */
async function toldTime(
  place: Place,
  stage: Stage,
  pod: Pod | undefined,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (pod === undefined) return undefined;
  if (stage === 'pulling') return pulledMessage(place, pod, signal);
  if (stage !== 'starting' && stage !== 'loading') return undefined;
  const seconds = (await readWords(place, pod, signal))?.[stage];
  return seconds === undefined ? undefined : tookMessage(stage, seconds);
}

function tookMessage(stage: Stage, seconds: number): string {
  return `${capital(stageWords[stage])} took ${seconds.toFixed(1)} s`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function podsOf(snapshot: Snapshot, version: number): readonly Pod[] {
  return snapshot.pods.filter((pod) => releaseOf(pod) === version && pod.metadata.deletionTimestamp === undefined);
}

/** Somebody removed the model, or deployed another release of it. */
function overtaken({ model, version }: Rollout): RolloutOutcome {
  const message = `Somebody else changed ${model} before release ${String(version)} was ready.`;
  return { kind: 'failed', pod: undefined, reason: { code: 'RolloutOvertaken', message } };
}

/** As `kubectl rollout status` decides. */
export function isComplete({ metadata, spec, status }: Deployment): boolean {
  const { observedGeneration, replicas, updatedReplicas, availableReplicas } = { ...noReplicas, ...status };
  const isCurrent = observedGeneration >= (metadata.generation ?? 0) && updatedReplicas >= (spec.replicas ?? 1);
  return isCurrent && replicas === updatedReplicas && availableReplicas >= updatedReplicas;
}

/** Figures of none are left out. */
const noReplicas = { observedGeneration: 0, replicas: 0, updatedReplicas: 0, availableReplicas: 0 };

const order: readonly PodPhase[] = ['ended', 'scheduling', 'pulling', 'loading', 'ready'];

function judge(deployment: Deployment, pods: readonly Pod[]): Judgement {
  const refused = refusalOf(deployment);
  if (refused !== undefined) return { stage: 'refused', trouble: undefined, reason: refused, pod: undefined };
  const [pod] = pods.toSorted((left, right) => order.indexOf(phaseOf(left)) - order.indexOf(phaseOf(right)));
  if (pod === undefined) return { stage: 'scheduling', trouble: undefined, reason: undefined, pod };
  const trouble = troubleOf(pod);
  const phase = phaseOf(pod);
  const stage = trouble?.stage ?? (phase === 'ready' ? 'settling' : phase === 'ended' ? 'loading' : phase);
  return { stage, trouble, reason: trouble?.reason, pod };
}

function describe(now: Judgement, image: string, pods: readonly Pod[], deployment: Deployment): string {
  if (now.reason !== undefined) return now.reason.message;
  const desired = deployment.spec.replicas ?? 1;
  const ready = pods.filter(isPodReady).length;
  const count = desired > 1 ? ` (${String(ready)} of ${String(desired)} ready)` : '';
  const node = inertText(now.pod?.spec?.nodeName ?? '');
  const doing = {
    refused: 'Waiting for a pod',
    scheduling: 'Waiting for a node',
    pulling: `Pulling ${image} on ${node}`,
    starting: `Starting the server on ${node}`,
    loading: `Loading the model on ${node}`,
    settling: settlingWords,
  };
  return doing[now.stage] + count;
}
