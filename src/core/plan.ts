import type { Finding } from './project';

/** What a deploy will do, told before it does anything. Pure data: `pipeline/` computes it, the editor and the CLI show it. */
export interface DeployPlan {
  readonly name: string;
  readonly target: string;
  readonly project: string;
  /** `iris.ipynb:predict`, `model.joblib (joblib)`. */
  readonly entry: string;
  readonly python: { readonly version: string; readonly path: string; readonly why: string };
  readonly dependencies: {
    readonly source: string;
    readonly requirements: readonly string[];
    readonly ignored: readonly string[];
    /** The environment of this machine whose versions are taken. */
    readonly environment?: string;
    /** The date as of which unpinned packages are solved, and where it came from. */
    readonly asOf?: {
      readonly date: string;
      readonly source: string;
      /** Why the date is not that of the source. */
      readonly moved?: string;
    };
  };
  readonly training: TrainingPlan;
  readonly files: {
    readonly count: number;
    readonly bytes: number;
    readonly leftOut: readonly { readonly path: string; readonly reason: string }[];
  };
  readonly secrets: readonly string[];
  readonly resources: PlanResources;
  /** What will not fit. */
  readonly shortages: readonly Finding[];
}

/** What the deploy needs against what is free. Bytes. */
export interface PlanResources {
  readonly diskFree: number;
  readonly memoryFree: number;
  /** Undefined when all packages are installed. */
  readonly download?: {
    readonly packages: number;
    readonly cached: number;
    readonly bytes: number;
    /** Packages whose size the index does not tell; they are not in `bytes`. */
    readonly unknown: readonly string[];
    /** An estimate: Slipway's own kernel, server and notebook runner, when they are not there yet. */
    readonly own: number;
  };
  /** An estimate of what installing and packaging takes. */
  readonly diskNeed: number;
  /** Undefined before anything was verified. `bytes` is for one replica. */
  readonly memory?: {
    readonly quantity: string;
    readonly bytes: number;
    readonly replicas: number;
    readonly why: string;
  };
}

export interface TrainingPlan {
  readonly action: 'run' | 'reuse' | 'definitions' | 'none';
  /** Why training was or will be skipped, or why it runs. */
  readonly why: string;
  /** ISO 8601 time when the artifact that is reused was made. */
  readonly trainedAt?: string;
  /** What the notebook read that no hash covers: the network, files outside the project. */
  readonly unhashed: readonly string[];
}
