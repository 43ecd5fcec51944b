import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { isUserError, UserError } from '../../core/errors';
import type { Home } from '../../core/home';
import { exists, makeFolderOnce } from '../files/contentStore';
import { withLock } from '../files/lockFile';
import type { Interpreter } from './interpreters';
import type { Lock } from './lock';
import { normalizeDistribution } from './lock';
import type { Uv } from './uv';

/** An installed lock: a plain virtual environment that holds the user's packages and nothing of ours. */
export interface Environment {
  readonly folder: string;
  readonly python: string;
}

/** What the kernel and the server need beside the user's packages; stands behind them on `sys.path`. */
export const supportRequirements = [
  'ipykernel>=6',
  'cloudpickle>=2',
  'uvicorn>=0.20',
  'httptools',
  'uvloop; sys_platform != "win32"',
] as const;

/** What executes notebooks from an environment of its own. */
export const runnerRequirements = ['nbclient==0.11.0', 'jupyter-client==8.6.3', 'nbformat==5.10.4'] as const;

const completeMark = '.slipway-complete';

/** Installs a lock for an interpreter; an equal one is shared by all projects. */
export async function makeEnvironment(
  uv: Uv,
  home: Home,
  lock: Lock,
  interpreter: Interpreter,
  onProgress: (line: string) => void,
  signal: AbortSignal,
): Promise<Environment> {
  const folder = environmentFolder(home, lock, interpreter);
  await installOnce(
    uv,
    folder,
    interpreter,
    'the packages of this project',
    async (python) => {
      await uv.run(
        [
          'pip',
          'sync',
          '--python',
          python,
          '--require-hashes',
          '--allow-empty-requirements',
          ...lock.building,
          lock.file,
        ],
        { subject: 'the packages of this project', onProgress },
        signal,
      );
    },
    signal,
  );
  return { folder, python: pythonOf(folder) };
}

/** Whether a deploy finds the lock installed. */
export function isInstalled(home: Home, lock: Lock, interpreter: Interpreter): Promise<boolean> {
  return exists(path.join(environmentFolder(home, lock, interpreter), completeMark));
}

function environmentFolder(home: Home, lock: Lock, interpreter: Interpreter): string {
  const key = hash([lock.digest, interpreter.path, interpreter.version]);
  return path.join(home.environments, `py${interpreter.minor}-${key}`);
}

/**
 * A folder with ipykernel, cloudpickle and uvicorn in versions that the user's lock allows.
 * @throws UserError RuntimeConflict, naming both pins
 */
export async function makeSupport(
  uv: Uv,
  home: Home,
  lock: Lock,
  environment: Environment,
  interpreter: Interpreter,
  onProgress: (line: string) => void,
  signal: AbortSignal,
): Promise<string> {
  const pins = await solveSupport(uv, home, lock, environment, interpreter, onProgress, signal);
  const folder = path.join(home.support, `py${interpreter.minor}-${hash([pins])}`);
  return makeFolderOnce(folder, async (temporary) => {
    const args = ['pip', 'install', '--target', temporary, '--python', environment.python, '--no-deps', '-r', '-'];
    await uv.run(args, { subject: "Slipway's kernel and server", input: pins, onProgress }, signal);
  });
}

/** The environment that drives kernels, on the newest suitable Python of this machine. */
export async function makeRunner(
  uv: Uv,
  home: Home,
  onProgress: (line: string) => void,
  signal: AbortSignal,
): Promise<string> {
  const interpreter = uv.interpreters.find((one) => Number(one.minor.split('.')[1]) >= 10) ?? uv.interpreters[0];
  if (interpreter === undefined)
    throw new UserError('PythonNotFound', 'No Python 3.10 or newer was found to drive notebooks.');
  const folder = path.join(
    home.tools,
    `runner-py${interpreter.minor}-${hash([interpreter.path, ...runnerRequirements])}`,
  );
  await installOnce(
    uv,
    folder,
    interpreter,
    "Slipway's notebook runner",
    async (python) => {
      await uv.run(
        ['pip', 'install', '--python', python, ...runnerRequirements],
        { subject: "Slipway's notebook runner", onProgress },
        signal,
      );
    },
    signal,
  );
  return pythonOf(folder);
}

async function solveSupport(
  uv: Uv,
  home: Home,
  lock: Lock,
  environment: Environment,
  interpreter: Interpreter,
  onProgress: (line: string) => void,
  signal: AbortSignal,
): Promise<string> {
  const requirements = [...supportRequirements, ...suitingMatplotlib(lock)];
  const cached = path.join(home.support, 'solved', `${hash([lock.digest, interpreter.version, ...requirements])}.txt`);
  if (await exists(cached)) return readFile(cached, 'utf8');
  const args = [
    'pip',
    'compile',
    '--no-header',
    '--no-annotate',
    '--python',
    interpreter.path,
    '--constraints',
    lock.file,
    '-',
  ];
  try {
    const { stdout } = await uv.run(
      args,
      { subject: "Slipway's kernel and server", input: requirements.join('\n'), onProgress },
      signal,
    );
    const installed = await installedDistributions(uv, environment, signal);
    const missing = stdout
      .split('\n')
      .filter((line) => line !== '' && !installed.has(normalizeDistribution(line.split('==')[0] ?? '')))
      .join('\n');
    await mkdir(path.dirname(cached), { recursive: true });
    await writeFile(cached, missing);
    return missing;
  } catch (error) {
    if (isUserError(error) && error.code === 'DependenciesUnsolvable') {
      throw new UserError(
        'RuntimeConflict',
        `The project's pins leave no version of what Slipway needs to run it. ${error.message}`,
        {
          cause: error,
          remedy: { kind: 'hint', label: 'Relax the pin of the project that the message names.' },
        },
      );
    }
    throw error;
  }
}

/** The kernel's backend asks matplotlib for things that came with its version 3.7, and does not say so. */
function suitingMatplotlib(lock: Lock): readonly string[] {
  const [, major, minor] = /^matplotlib==(\d+)\.(\d+)/m.exec(lock.text) ?? [];
  const isOld = Number(major) < 3 || (Number(major) === 3 && Number(minor) < 8);
  return isOld ? ['matplotlib-inline<0.1.7'] : [];
}

/**
 * What the environment really holds: a universal lock also names packages of other Pythons and platforms, which stay
 * out of this one.
 */
async function installedDistributions(
  uv: Uv,
  environment: Environment,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const args = ['pip', 'list', '--format', 'json', '--python', environment.python];
  const { stdout } = await uv.run(args, { subject: 'the packages of this project' }, signal);
  const listed = JSON.parse(stdout) as readonly { readonly name: string }[];
  return new Set(listed.map((one) => normalizeDistribution(one.name)));
}

/** A virtual environment keeps absolute paths, so it is made in place and marked when it is complete. */
async function installOnce(
  uv: Uv,
  folder: string,
  interpreter: Interpreter,
  subject: string,
  install: (python: string) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const mark = path.join(folder, completeMark);
  if (await exists(mark)) return;
  await withLock(
    `${folder}.lock`,
    async () => {
      if (await exists(mark)) return;
      await uv.run(['venv', '--clear', '--no-project', '--python', interpreter.path, folder], { subject }, signal);
      await install(pythonOf(folder));
      await writeFile(mark, '');
    },
    signal,
  );
}

function pythonOf(folder: string): string {
  return process.platform === 'win32' ? path.join(folder, 'Scripts', 'python.exe') : path.join(folder, 'bin', 'python');
}

function hash(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
}
