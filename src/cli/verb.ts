import type { Command } from 'commander';
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
}

/** Opens what a verb works with and runs it. */
export type RunVerb = (options: CommonOptions, body: (context: CliContext) => Promise<void>) => Promise<void>;

/** One verb of the command line. */
export type Verb = (run: RunVerb) => Command;
