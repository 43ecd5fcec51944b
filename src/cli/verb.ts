import { Option, type Command } from 'commander';
import type { Services } from '../pipeline/services';
import type { Output } from './output';

/** What every verb is given. */
export interface CliContext {
  readonly services: Services;
  readonly output: Output;
  readonly target: string;
  readonly signal: AbortSignal;
}

/** Options that every verb takes. */
export interface CommonOptions {
  readonly home?: string;
  readonly kubeconfig?: string;
  readonly json?: boolean;
  readonly target: string;
  readonly takeOver?: boolean;
}

/** Opens what a verb works with and runs it. */
export type RunVerb = (options: CommonOptions, body: (context: CliContext) => Promise<void>) => Promise<void>;

/** One verb of the command line. */
export type Verb = (run: RunVerb) => Command;

/** For verbs that change a model. */
export function takeOverOption(): Option {
  return new Option(
    '--take-over',
    'change the model although Argo CD, Flux, Helm or somebody else looks after its objects',
  );
}
