import { UserError } from './errors';

/** How many replicas answer, left to the cluster: as many as the load needs, between two bounds. */
export interface Autoscale {
  readonly min: number;
  readonly max: number;
  /** Percent of the CPU that a replica requests, on average over the replicas. */
  readonly cpu?: number;
  /** Requests a second that a replica answers, on average over the replicas. */
  readonly requests?: number;
  /** How long there must be less load before replicas go. Seconds, by default 300. */
  readonly scaleDownAfter?: number;
}

/** What an autoscaler does now. */
export interface AutoscaleState extends Autoscale {
  /** Of the same kind as the goal; undefined before anything was measured. */
  readonly current?: number;
  /** Why it cannot work, in the cluster's words. */
  readonly problem?: string;
}

export const defaultCpuPercent = 70;

/** @throws UserError AutoscaleInvalid when the bounds or the goals contradict one another */
export function checkAutoscale(wish: Autoscale): void {
  const wrong = wrongBounds(wish) ?? wrongGoal(wish) ?? wrongTime(wish);
  if (wrong === undefined) return;
  throw new UserError('AutoscaleInvalid', `This cannot be scaled automatically: ${wrong}.`, {
    remedy: { kind: 'hint', label: 'For example --min 2 --max 5 --cpu 70.' },
  });
}

function wrongBounds({ min, max }: Autoscale): string | undefined {
  if (min < 1) return 'at least 1 replica must stay';
  return max < min ? `at most ${String(max)} replicas is less than at least ${String(min)}` : undefined;
}

function wrongGoal({ cpu, requests }: Autoscale): string | undefined {
  if (cpu !== undefined && requests !== undefined) return 'name either CPU or requests';
  return (cpu ?? requests ?? 0) > 0 ? undefined : 'name a percentage of CPU or a number of requests above 0';
}

function wrongTime({ scaleDownAfter: seconds = 0 }: Autoscale): string | undefined {
  return seconds >= 0 && seconds <= 3600 ? undefined : 'the time before replicas go is from 0 to 3600 seconds';
}

/** A percentage of CPU needs what it is of. */
export function cpuRequestMissing(model: string): UserError {
  return new UserError(
    'CpuRequestMissing',
    `${model} requests no CPU, so that no percentage of it can be told, and it cannot be scaled by CPU.`,
    { remedy: { kind: 'hint', label: 'Write resources: with cpu: "1" into slipway.yaml and deploy.' } },
  );
}

/** `2–5 by CPU, 34 % of 70 %` */
export function formatAutoscale(state: AutoscaleState): string {
  const { min, max, cpu, requests, current } = state;
  const [unit, by] = cpu === undefined ? ['/s', 'requests'] : [' %', 'CPU'];
  const goal = `${String(cpu ?? requests ?? 0)}${unit}`;
  const now = current === undefined ? goal : `${String(current)}${unit} of ${goal}`;
  return `${String(min)}–${String(max)} by ${by}, ${now}`;
}

/** As {@link formatAutoscale}; where it cannot work, why. */
export function describeAutoscale(state: AutoscaleState): string {
  return state.problem === undefined ? formatAutoscale(state) : `autoscaling does not work: ${state.problem}`;
}

/** The number of replicas that lies within the bounds. */
export function withinBounds(replicas: number, { min, max }: Autoscale): number {
  return Math.min(max, Math.max(min, replicas));
}

/** Whether two wishes are for the same. */
export function isSameAutoscale(left: Autoscale, right: Autoscale): boolean {
  const parts = ({ min, max, cpu, requests, scaleDownAfter = 300 }: Autoscale) =>
    [min, max, cpu, requests, scaleDownAfter].join();
  return parts(left) === parts(right);
}
