import path from 'node:path';
import { withoutCredentials } from '../../core/credentials';
import { UserError } from '../../core/errors';
import type { Home } from '../../core/home';
import { runProcess, type ProcessResult } from '../process/runProcess';
import { findInterpreters, type Interpreter } from './interpreters';
import { packageIndexEnvironment, portableIndexes, type PackageIndexes } from './packageIndex';
import { explainUvFailure } from './uvFailure';
import { findUv } from './uvProgram';
import { uvRelease } from './uvRelease';

/** uv with the user's index and proxies, and a wheel cache that all projects share. */
export interface Uv {
  /** Every Python of this machine, PATH order first. */
  readonly interpreters: readonly Interpreter[];
  /** Part of cache keys: another uv may solve otherwise. */
  readonly version: string;
  /** The user's package indexes, as others may know them. */
  indexes(signal: AbortSignal): Promise<PackageIndexes>;
  /** Runs uv. A failure becomes a UserError that tells what it means to the user. */
  run(args: readonly string[], options: UvOptions, signal: AbortSignal): Promise<ProcessResult>;
}

export interface UvOptions {
  /** What was asked, for messages: `the packages of iris`. */
  readonly subject: string;
  readonly cwd?: string;
  readonly input?: string;
  /** Beside or in place of the variables of this process. */
  readonly env?: NodeJS.ProcessEnv;
  readonly onProgress?: (line: string) => void;
}

interface Prepared {
  readonly program: string;
  readonly environment: NodeJS.ProcessEnv;
}

/**
 * Finds the interpreters; uv itself and the index are looked up when uv first runs.
 * @param resources the folder that ships beside the program
 * @throws UserError PythonNotFound
 */
export async function openUv(home: Home, resources: string, signal: AbortSignal): Promise<Uv> {
  const interpreters = await findInterpreters(home.tools, signal);
  if (interpreters.length === 0) {
    throw new UserError(
      'PythonNotFound',
      'No Python 3 was found on PATH. Slipway needs one to read, train and serve notebooks.',
      {
        remedy: { kind: 'hint', label: 'Install Python 3.9 or newer and make sure that python3 is on PATH.' },
      },
    );
  }
  let prepared: Promise<Prepared> | undefined;
  const prepareOnce = (abort: AbortSignal): Promise<Prepared> => {
    prepared ??= prepare(home, interpreters, path.join(resources, 'runtime'), abort).catch((error: unknown) => {
      prepared = undefined;
      throw error;
    });
    return prepared;
  };
  return {
    interpreters,
    version: uvRelease.version,
    indexes: async (abort) => portableIndexes((await prepareOnce(abort)).environment),
    run: async (args, options, abort) => runUv(await prepareOnce(abort), args, options, abort),
  };
}

async function prepare(
  home: Home,
  interpreters: readonly Interpreter[],
  runtime: string,
  signal: AbortSignal,
): Promise<Prepared> {
  const program = await findUv(home.tools, interpreters, signal);
  const index = await packageIndexEnvironment(interpreters, runtime, signal);
  const own = { UV_CACHE_DIR: home.wheels, UV_NO_PROGRESS: '1', UV_PYTHON_INSTALL_DIR: managedPythons(home.tools) };
  const inherited = { ...process.env };
  // An activated environment of the user's must not be the one that is changed.
  delete inherited['VIRTUAL_ENV'];
  return { program, environment: { ...inherited, ...index, ...own } };
}

/** Where uv puts the Pythons that it installs for Slipway. */
export function managedPythons(tools: string): string {
  return path.join(tools, 'python');
}

async function runUv(
  { program, environment }: Prepared,
  args: readonly string[],
  options: UvOptions,
  signal: AbortSignal,
): Promise<ProcessResult> {
  const result = await runProcess(
    program,
    args,
    {
      env: { ...environment, ...options.env },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.input === undefined ? {} : { input: options.input }),
      onStderrLine: (line) => {
        if (line.trim() !== '') options.onProgress?.(withoutCredentials(line.trimEnd()));
      },
    },
    signal,
  );
  if (result.exitCode !== 0) throw explainUvFailure(result.stderr, options.subject);
  return result;
}
