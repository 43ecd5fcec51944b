import type { Reason } from '../../core/deployment';
import { inertText } from '../../core/inertText';
import type { RolloutStep } from '../../core/target';
import { phaseOf, refusalOf, troubleOf, type PodPhase, type PodTrouble } from './cause';
import { ofModel } from './names';
import { isPodReady, type Deployment, type Pod, type Snapshot } from './objects';
import type { Place } from './place';
import { pulledMessage } from './podEvents';
import { watchSnapshots } from './snapshot';
import { releaseOf } from './state';

/** What is waited for. */
export interface Rollout {
  readonly model: string;
  readonly version: number;
  readonly image: string;
  /** Of loading alone: what scheduling and pulling take is the cluster's. */
  readonly readyTimeoutSeconds: number;
}

export type RolloutOutcome =
  | { readonly kind: 'ready' }
  /** @param pod one that did not become ready, whose log may tell more */
  | { readonly kind: 'failed'; readonly reason: Reason; readonly pod: string | undefined };

type Stage = PodTrouble['stage'];

const tickMs = 500;
/** So long the cluster may not be heard. Seconds. */
const longestSilence = 60;
/** So long a cluster may be without an answer that changes, before the release is given up. Seconds. */
const patience = { refused: 10, pullTrouble: 30, pulling: 1800 };

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
  let stage: Judgement['stage'] | undefined;
  for await (const snapshot of freshSnapshots(place, rollout.model, clock, signal)) {
    const deployment = snapshot.deployments.find((one) => one.metadata.name === rollout.model);
    if (deployment === undefined || releaseOf(deployment) !== rollout.version) return overtaken(rollout);
    const pods = podsOf(snapshot, rollout.version);
    if (isComplete(deployment)) return { kind: 'ready' };
    const now = judge(deployment, pods);
    const failure = clock.judge(now);
    if (failure !== undefined) return { kind: 'failed', reason: failure, pod: now.pod?.metadata.name };
    const message = describe(now, rollout.image, pods, deployment);
    if (message === told) continue;
    if (now.stage !== stage) yield* tellTime(place, [stage, now], clock, signal);
    stage = now.stage;
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

/** How long a stage took that is over; of pulling the kubelet knows best. */
async function* tellTime(
  place: Place,
  [stage, next]: readonly [Judgement['stage'] | undefined, Judgement],
  clock: StageClock,
  signal: AbortSignal,
): AsyncGenerator<RolloutStep> {
  const pulled = next.stage === 'loading' ? await pulledMessage(place, next.pod, signal) : undefined;
  if (stage !== undefined && (stage !== 'pulling' || pulled === undefined)) {
    const message = `${capital(words[stage])} took ${clock.spent(stage).toFixed(1)} s`;
    yield { kind: 'progress', step: stage, message };
  }
  if (pulled !== undefined) yield { kind: 'progress', step: 'pulling', message: pulled };
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

interface Judgement {
  readonly stage: Stage | 'refused' | 'settling';
  readonly trouble: PodTrouble | undefined;
  readonly reason: Reason | undefined;
  /** The pod that is furthest behind. */
  readonly pod: Pod | undefined;
}

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

/** Counts how long a release has been in each stage. */
class StageClock {
  readonly #limit: number;
  readonly #seconds = new Map<string, number>();
  #last = performance.now();
  #heard = this.#last;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Seconds in a stage until now. */
  spent(stage: string): number {
    return this.#seconds.get(stage) ?? 0;
  }

  /** Time in which nothing is heard counts for no stage. @returns how long it has been, in seconds */
  silence(): number {
    this.#last = performance.now();
    return (this.#last - this.#heard) / 1000;
  }

  /** Why it is given up; undefined while there is hope. */
  judge({ stage, trouble, reason }: Judgement): Reason | undefined {
    const now = performance.now();
    const key = trouble?.stage === 'pulling' ? 'pullTrouble' : stage;
    const spent = (this.#seconds.get(key) ?? 0) + (now - this.#last) / 1000;
    this.#last = now;
    this.#heard = now;
    this.#seconds.set(key, spent);
    if (trouble?.isFinal === true) return trouble.reason;
    if (spent < this.#limitOf(key)) return undefined;
    return (
      reason ?? {
        code: 'NotReadyInTime',
        message: `It was not ready after ${String(Math.round(spent))} s of ${words[stage]}.`,
      }
    );
  }

  #limitOf(key: string): number {
    if (key === 'refused' || key === 'pullTrouble' || key === 'pulling') return patience[key];
    return this.#limit;
  }
}

const words: Readonly<Record<Judgement['stage'], string>> = {
  refused: 'waiting for a pod',
  scheduling: 'waiting for a node',
  pulling: 'pulling the image',
  loading: 'loading the model',
  settling: 'replacing the release before it',
};

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
    loading: `Loading the model on ${node}`,
    settling: 'Ready and taking over',
  };
  return doing[now.stage] + count;
}
