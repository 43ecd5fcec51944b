import type { Command } from 'commander';
import type { CliContext } from '../cli';

/** Options that every verb takes. */
export interface CommonOptions {
  readonly home?: string;
  readonly json?: boolean;
  readonly target: string;
}

/** Opens what a verb works with and runs it. */
export type RunVerb = (options: CommonOptions, body: (context: CliContext) => Promise<void>) => Promise<void>;

/** One verb of the command line. */
export type Verb = (run: RunVerb) => Command;
