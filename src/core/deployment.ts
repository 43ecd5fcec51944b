import type { AutoscaleState } from './autoscale';
import type { Location } from './errors';
import { needsKey, type Exposure } from './exposure';
import type { Release } from './release';
import type { ResourceNeed } from './resources';

export type Phase = 'Pending' | 'Progressing' | 'Ready' | 'Failed' | 'Stopped';

/** A release on a target, with its state as the target tells it. */
export interface DeployedModel {
  readonly name: string;
  readonly targetId: string;
  readonly phase: Phase;
  /** Version of the release that answers now; undefined before the first one did. */
  readonly version: number | undefined;
  /** A URL that answered `GET /v2/health/ready`; nothing else is shown as one. */
  readonly endpoint: string | undefined;
  /** The endpoint is an address inside of the cluster; this machine needs `Target.forward`. */
  readonly endpointIsInside?: boolean;
  /** How it is to be reached from beyond the cluster. The endpoint is that address as soon as it has answered here. */
  readonly exposure?: Exposure;
  /** Why the endpoint is not the address beyond the cluster yet. */
  readonly endpointProblem?: string;
  readonly replicas: { readonly desired: number; readonly ready: number };
  /** Where the target decides how many replicas there are. */
  readonly autoscale?: AutoscaleState;
  readonly workers: readonly Worker[];
  readonly releases: readonly Release[];
  /** The first cause when the phase is not Ready. */
  readonly reason: Reason | undefined;
  /** A newer release that is on its way while this one answers. */
  readonly rollout: { readonly version: number; readonly step: string } | undefined;
  /** Highest resident memory of a replica in bytes. */
  readonly peakMemory: number | undefined;
  readonly updatedAt: string | undefined;
  /** What a replica of the release that answers needs. */
  readonly resources?: ResourceNeed;
}

/** The endpoint as people read it. */
export function shownEndpoint({ endpoint, endpointIsInside, endpointProblem }: DeployedModel): string {
  if (endpoint === undefined) return '';
  if (endpointIsInside !== true) return endpoint;
  return `${endpoint} (inside the cluster${endpointProblem === undefined ? '' : `; ${endpointProblem}`})`;
}

/** How a deploy ends. */
export function answersAt(model: DeployedModel): string {
  const key = needsKey(model.exposure) ? `, to requests with the key that \`slipway key ${model.name}\` prints` : '';
  return `Release ${String(model.version)} answers at ${shownEndpoint(model)}${key}`;
}

export interface Reason {
  readonly code: string;
  readonly message: string;
  readonly traceback?: string;
  readonly location?: Location;
  readonly logTail?: readonly string[];
}

/** One replica: a process here, a container or pod elsewhere. */
export interface Worker {
  readonly index: number;
  /** A pod's. */
  readonly name?: string;
  readonly pid: number | undefined;
  readonly version: number;
  readonly phase: 'Starting' | 'Ready' | 'Draining' | 'CrashLoop';
  readonly restarts: number;
  readonly startedAt: string;
  readonly memory: number | undefined;
}
