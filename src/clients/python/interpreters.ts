import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { isUserError } from '../../core/errors';
import { readJson, writeAtomic } from '../files/contentStore';
import { runProcess } from '../process/runProcess';

/** A CPython 3 that is installed on this machine. */
export interface Interpreter {
  /** Absolute path of the executable. */
  readonly path: string;
  /** `3.11` */
  readonly minor: string;
  /** `3.11.7` */
  readonly version: string;
  readonly hasPip: boolean;
}

/** What an executable said of itself, and the file that said it: while the file is the same, so is the answer. */
interface Remembered {
  readonly stamp: string;
  readonly interpreter: Interpreter | null;
}

const probe =
  'import importlib.util as u,json,sys;print(json.dumps({"path":sys.executable,"version":"%d.%d.%d"%sys.version_info[:3],"minor":"%d.%d"%sys.version_info[:2],"hasPip":u.find_spec("pip") is not None,"implementation":sys.implementation.name}))';

/** Lowest Python minor that Slipway trains and serves with: notebooks of 2018 name it. */
export const oldestSupportedPython = '3.7';

/** Lowest Python minor that Slipway's own programs run on: the supervisor, and the inspector. */
export const oldestOwnPython = '3.9';

/**
 * Every CPython 3 on PATH, under pyenv and among those that uv installed into `tools`, without repetition, PATH order
 * first. Executables that were asked before are not started again.
 */
export async function findInterpreters(tools: string, signal: AbortSignal): Promise<readonly Interpreter[]> {
  const memory = path.join(tools, 'interpreters.json');
  const remembered = ((await readJson(memory)) ?? {}) as Readonly<Record<string, Remembered>>;
  const executables = await realExecutables([
    ...(await onPath()),
    ...(await managedByUv(tools)),
    ...(await underPyenv()),
  ]);
  const asked = await Promise.all(
    executables.map(async (file) => [file, await ask(file, remembered[file], signal)] as const),
  );
  const known = Object.fromEntries(asked);
  if (JSON.stringify(known) !== JSON.stringify(remembered)) await writeAtomic(memory, JSON.stringify(known));
  const found = asked.map(([, answer]) => answer.interpreter).filter((one) => one !== null);
  return [...new Map(found.map((one) => [one.path, one])).values()];
}

/** Orders `3.9` before `3.11`. */
export function compareMinor(left: string, right: string): number {
  return Number(left.split('.')[1] ?? 0) - Number(right.split('.')[1] ?? 0);
}

async function ask(executable: string, remembered: Remembered | undefined, signal: AbortSignal): Promise<Remembered> {
  const { mtimeMs, size } = await stat(executable);
  const stamp = `${mtimeMs}:${size}`;
  return remembered?.stamp === stamp
    ? remembered
    : { stamp, interpreter: (await inspectInterpreter(executable, signal)) ?? null };
}

/** What a program says of itself; undefined when it is no working CPython 3 or does not answer within five seconds. */
async function inspectInterpreter(executable: string, signal: AbortSignal): Promise<Interpreter | undefined> {
  try {
    const result = await runProcess(executable, ['-c', probe], { timeoutMs: 5000 }, signal);
    if (result.exitCode !== 0) return undefined;
    const facts = JSON.parse(result.stdout) as Interpreter & { readonly implementation: string };
    if (facts.implementation !== 'cpython' || !facts.version.startsWith('3.')) return undefined;
    return { path: facts.path, minor: facts.minor, version: facts.version, hasPip: facts.hasPip };
  } catch (error) {
    signal.throwIfAborted();
    if (isUserError(error) || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Without links to the same file. */
async function realExecutables(candidates: readonly string[]): Promise<readonly string[]> {
  const real = await Promise.all(candidates.map((candidate) => realpath(candidate).catch(() => undefined)));
  return [...new Set(real.filter((file) => file !== undefined))];
}

/** pyenv's shims stand for the version that is active, so it is found in their place. */
async function onPath(): Promise<readonly string[]> {
  const folders = (process.env['PATH'] ?? '').split(path.delimiter).filter((folder) => path.isAbsolute(folder));
  const listed = await Promise.all(
    folders.map((folder) => (path.basename(folder) === 'shims' ? underPyenv() : pythonsIn(folder))),
  );
  return listed.flat();
}

/** `python3` before `python3.11`: the short name is the one that the user means. */
async function pythonsIn(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch(() => []);
  return names
    .filter((name) => isPythonName(name))
    .sort((left, right) => left.length - right.length)
    .map((name) => path.join(folder, name));
}

function isPythonName(name: string): boolean {
  return process.platform === 'win32' ? /^python3?(\.\d+)?\.exe$/i.test(name) : /^python3?(\.\d+)?$/.test(name);
}

async function underPyenv(): Promise<readonly string[]> {
  const root = process.env['PYENV_ROOT'] ?? path.join(homedir(), '.pyenv');
  const active = await activePyenv(root);
  const versions = await readdir(path.join(root, 'versions')).catch(() => []);
  const ordered = [...versions].sort((left, right) => Number(right === active) - Number(left === active));
  return ordered.map((version) => path.join(root, 'versions', version, 'bin', 'python'));
}

async function activePyenv(root: string): Promise<string | undefined> {
  return (
    process.env['PYENV_VERSION'] ??
    (await readFile(path.join(root, 'version'), 'utf8').catch(() => undefined))?.split('\n')[0]?.trim()
  );
}

async function managedByUv(tools: string): Promise<readonly string[]> {
  const root = path.join(tools, 'python');
  const versions = await readdir(root).catch(() => []);
  const program = process.platform === 'win32' ? ['python.exe'] : ['bin', 'python3'];
  return versions.map((version) => path.join(root, version, ...program));
}
