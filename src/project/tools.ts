import path from 'node:path';
import { runProcess } from '../clients/process/runProcess';
import { UserError } from '../core/errors';
import type { Facts, FactsRequest } from './facts';

/** What inspection needs from outside: injected, so that reading a project starts nothing by itself. */
export interface InspectTools {
  readonly runFacts: (request: FactsRequest, signal: AbortSignal) => Promise<Facts>;
  /** Standard output of git run in a folder; undefined when git or the repository is missing. */
  readonly git?: (args: readonly string[], folder: string, signal: AbortSignal) => Promise<string | undefined>;
  /** Whether the package index knows a distribution. A rejection means that the index could not be asked. */
  readonly exists?: (distribution: string, signal: AbortSignal) => Promise<boolean>;
}

export interface InspectorProgram {
  /** Any Python 3.8+; the project's own (the selected kernel's) when its packages are to tell names and versions. */
  readonly python: string;
  /** Folder that holds `inspect_project.py`. */
  readonly runtime: string;
}

/** The real tools: one Python process for the facts, git for dates. @throws UserError InspectorFailed from `runFacts` */
export function inspectTools(program: InspectorProgram, exists?: InspectTools['exists']): InspectTools {
  return {
    runFacts: (request, signal) => runInspector(program, request, signal),
    git,
    ...(exists === undefined ? {} : { exists }),
  };
}

async function runInspector(program: InspectorProgram, request: FactsRequest, signal: AbortSignal): Promise<Facts> {
  // Without its packages the interpreter starts twice as fast; with them, only variables such as PYTHONPATH are ignored.
  const flags = request.packages ? ['-E'] : ['-I', '-S'];
  const script = path.join(program.runtime, 'inspect_project.py');
  const result = await runProcess(
    program.python,
    [...flags, script],
    { input: JSON.stringify(request), timeoutMs: 120_000 },
    signal,
  );
  if (result.exitCode !== 0) throw inspectorFailed(program.python, result.stderr);
  try {
    return JSON.parse(result.stdout) as Facts;
  } catch (cause) {
    throw inspectorFailed(program.python, result.stdout.slice(0, 500), cause);
  }
}

function inspectorFailed(python: string, output: string, cause?: unknown): UserError {
  return new UserError('InspectorFailed', `The project's code could not be read with ${python}.`, {
    cause,
    details: { output: output.slice(-4000) },
    remedy: { kind: 'hint', label: 'Choose a Python 3.8 or newer.' },
  });
}

async function git(args: readonly string[], folder: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    const result = await runProcess('git', ['-C', folder, ...args], { timeoutMs: 10_000 }, signal);
    return result.exitCode === 0 ? result.stdout : undefined;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof UserError) return undefined;
    throw error;
  }
}
