import type { Reason } from '../../../core/deployment';
import type { PodTrouble } from './cause';
import type { Pod } from '../objects';

/** Where a release is on its way: where its pod is that is furthest behind. In this order. */
export const stages = ['refused', 'scheduling', 'pulling', 'starting', 'loading', 'settling'] as const;
export type Stage = (typeof stages)[number];

export interface Judgement {
  readonly stage: Stage;
  readonly trouble: PodTrouble | undefined;
  readonly reason: Reason | undefined;
  /** The pod that is furthest behind. */
  readonly pod: Pod | undefined;
}

/** What a release does meanwhile. */
export const stageWords: Readonly<Record<Stage, string>> = {
  refused: 'waiting for a pod',
  scheduling: 'waiting for a node',
  pulling: 'pulling the image',
  starting: 'starting the server',
  loading: 'loading the model',
  settling: 'replacing the release before it',
};

/** So long a cluster may be without an answer that changes, before the release is given up. Seconds. */
const patience = { refused: 10, pullTrouble: 30, pulling: 1800 };

/** The stages that are over, of which nobody may have seen some. What goes back starts again with another pod. */
export function passedStages(before: Stage | undefined, now: Stage): readonly Stage[] {
  const from = before === undefined ? 0 : stages.indexOf(before);
  const to = stages.indexOf(now);
  return stages.slice(from, to > from ? to : Math.max(from + 1, stages.indexOf('settling')));
}

/** Counts how long a release has been in each stage. */
export class StageClock {
  readonly #limit: number;
  readonly #seconds = new Map<string, number>();
  #last = performance.now();
  #heard = this.#last;

  /** @param limit of starting and loading together, in seconds: what scheduling and pulling take is the cluster's */
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
    this.#seconds.set(key, this.spent(key) + (now - this.#last) / 1000);
    this.#last = now;
    this.#heard = now;
    if (trouble?.isFinal === true) return trouble.reason;
    const spent =
      key === 'starting' || key === 'loading' ? this.spent('starting') + this.spent('loading') : this.spent(key);
    if (spent < this.#limitOf(key)) return undefined;
    const message = `It was not ready after ${String(Math.round(spent))} s of ${stageWords[stage]}.`;
    return reason ?? { code: 'NotReadyInTime', message };
  }

  #limitOf(key: string): number {
    if (key === 'refused' || key === 'pullTrouble' || key === 'pulling') return patience[key];
    return this.#limit;
  }
}
