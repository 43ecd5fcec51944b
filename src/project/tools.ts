import path from 'node:path';
import { Coprocess } from '../clients/process/coprocess';
import { askGit } from '../clients/process/git';
import { UserError } from '../core/errors';
import type { Facts, FactsRequest, InstalledPackages, InstalledRequest } from './facts';

/** What inspection needs from outside: injected, so that reading a project starts nothing by itself. */
export interface InspectTools {
  readonly runFacts: (request: FactsRequest, signal: AbortSignal) => Promise<Facts>;
  readonly installed: (request: InstalledRequest, signal: AbortSignal) => Promise<InstalledPackages>;
  /** Standard output of git run in a folder; undefined when git or the repository is missing. */
  readonly git?: (args: readonly string[], folder: string, signal: AbortSignal) => Promise<string | undefined>;
  /** Whether the package index knows a distribution. A rejection means that the index could not be asked. */
  readonly exists?: (distribution: string, signal: AbortSignal) => Promise<boolean>;
}

/** The program that reads code, kept between requests. @param python any Python 3.8+; @param runtime folder that holds `inspect_project.py` */
export function inspectorProgram(python: string, runtime: string): Coprocess {
  // Without its packages the interpreter starts twice as fast.
  return new Coprocess(python, ['-I', '-S', path.join(runtime, 'inspect_project.py')], { timeoutMs: 120_000 });
}

/** The real tools: a Python process for the facts, git for dates. @throws UserError InspectorFailed from the first two */
export function inspectTools(inspector: Coprocess, exists?: InspectTools['exists']): InspectTools {
  return {
    runFacts: async (request, signal) => (await askInspector(inspector, request, signal)) as Facts,
    installed: async (request, signal) => (await askInspector(inspector, request, signal)) as InstalledPackages,
    git: askGit,
    ...(exists === undefined ? {} : { exists }),
  };
}

async function askInspector(
  inspector: Coprocess,
  request: FactsRequest | InstalledRequest,
  signal: AbortSignal,
): Promise<unknown> {
  const said = await inspector.ask(JSON.stringify(request), signal);
  if (said.kind === 'ended') throw inspectorFailed(inspector.command, said.stderr);
  try {
    return JSON.parse(said.line) as unknown;
  } catch (cause) {
    throw inspectorFailed(inspector.command, said.line.slice(0, 500), cause);
  }
}

function inspectorFailed(python: string, output: string, cause?: unknown): UserError {
  return new UserError('InspectorFailed', `The project's code could not be read with ${python}.`, {
    cause,
    details: { output: output.slice(-4000) },
    remedy: { kind: 'hint', label: 'Choose a Python 3.8 or newer.' },
  });
}
