import type { DeployedModel } from './deployment';
import type { Finding } from './project';
import type { ImagePlan } from './imagePlan';
import type { DeployPlan } from './plan';

export type DeployStep =
  'inspect' | 'base' | 'packages' | 'lock' | 'environment' | 'train' | 'package' | 'build' | 'push' | 'deploy';

/** What happens during a deploy, in order. The CLI prints each as one JSON line; events tell what is, they do not steer. */
export type DeployEvent =
  | {
      readonly event: 'step';
      readonly step: DeployStep;
      readonly state: 'started' | 'done' | 'skipped';
      readonly message: string;
      readonly ms?: number;
    }
  | { readonly event: 'finding'; readonly finding: Finding }
  | { readonly event: 'plan'; readonly plan: DeployPlan }
  | {
      readonly event: 'cell';
      /** Counts the code cells from 0, empty ones too (they are told as skipped); Markdown cells are not counted. */
      readonly index: number;
      /** Number of code cells. */
      readonly of: number;
      readonly id: string;
      readonly state: 'running' | 'done' | 'skipped' | 'failed';
      readonly ms?: number;
      readonly text?: string;
    }
  | { readonly event: 'output'; readonly source: string; readonly text: string }
  | { readonly event: 'imagePlan'; readonly plan: ImagePlan }
  /** Bytes of the image that have gone to the registry, at most a few times a second. */
  | { readonly event: 'transfer'; readonly bytes: number; readonly bytesPerSecond: number }
  | ({ readonly event: 'built' } & BuiltImage)
  | { readonly event: 'deployed'; readonly model: DeployedSummary; readonly unchanged: boolean };

/** An image that was built: by digest where it was pushed, else the folder or file that holds it. */
export interface BuiltImage {
  readonly image: string;
  /** Null where a Docker engine pushed: it does not tell. */
  readonly uploadedBytes: number | null;
  /** How often registries were asked; null where a Docker engine asked them. */
  readonly requests: number | null;
  readonly ms: number;
}

export interface DeployedSummary {
  readonly name: string;
  readonly version: number;
  readonly target: string;
  readonly phase: DeployedModel['phase'];
  readonly endpoint: string;
  readonly digest: string;
}

/** What a deploy needs from whoever started it: an editor window, a terminal or a test. */
export interface DeployHost {
  report(event: DeployEvent): void;
  /** Asked once a project before its notebook is first executed. Must reject with ConsentRequired where nobody can answer. */
  confirmExecution(question: ConsentQuestion, signal: AbortSignal): Promise<boolean>;
  /** Value of a secret that `slipway.yaml` names; undefined when there is none. */
  secret(name: string, signal: AbortSignal): Promise<string | undefined>;
  /** Whether the nodes of a target may pull with this machine's credential, kept as a secret there. */
  confirmPullSecret?: (question: PullSecretQuestion, signal: AbortSignal) => Promise<boolean>;
}

/** Whose credential goes where. */
export interface PullSecretQuestion {
  readonly target: string;
  readonly registry: string;
  readonly username: string;
}

export interface ConsentQuestion {
  readonly project: string;
  readonly notebook: string;
  readonly cells: number;
  readonly recordedSeconds?: number;
  readonly shellMagics: readonly string[];
  readonly outsidePaths: readonly string[];
}
