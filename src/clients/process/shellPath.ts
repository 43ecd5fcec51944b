import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { runProcess } from './runProcess';

const mark = '_SLIPWAY_PATH_';
const shellMs = 5000;

/** Where installers put programs that an editor started from a desktop does not have on its PATH. */
const usualFolders = [
  '/usr/local/bin',
  '/opt/homebrew/bin',
  '/snap/bin',
  path.join(homedir(), 'google-cloud-sdk', 'bin'),
  path.join(homedir(), '.local', 'bin'),
  path.join(homedir(), 'bin'),
  path.join(homedir(), '.krew', 'bin'),
];

let asked: Promise<readonly string[]> | undefined;

/**
 * Finds a program as the user's shell would, also where this process was not started from a shell: on PATH, then on the
 * PATH that the login shell sets, then where installers put programs.
 * @returns its absolute path, or the folders that were searched
 */
export async function findUserProgram(
  name: string,
  signal: AbortSignal,
): Promise<{ readonly file: string } | { readonly searched: readonly string[] }> {
  const own = foldersOf(process.env['PATH'] ?? '');
  const found = programIn(own, name);
  if (found !== undefined) return { file: found };
  asked ??= shellFolders(signal);
  const folders = [...new Set([...own, ...(await asked), ...usualFolders])];
  const later = programIn(folders, name);
  return later === undefined ? { searched: folders } : { file: later };
}

/** PATH for a program that itself starts others, as cloud command lines do. */
export async function userPath(signal: AbortSignal): Promise<string> {
  asked ??= shellFolders(signal);
  const folders = [...foldersOf(process.env['PATH'] ?? ''), ...(await asked), ...usualFolders];
  return [...new Set(folders)].join(path.delimiter);
}

function programIn(folders: readonly string[], name: string): string | undefined {
  const suffixes = process.platform === 'win32' ? ['.exe', '.cmd', '.bat', ''] : [''];
  const files = folders.flatMap((folder) => suffixes.map((suffix) => path.join(folder, name + suffix)));
  return files.find((file) => existsSync(file));
}

/** Asks the login shell once; a shell that fails or hangs has no more folders. */
async function shellFolders(signal: AbortSignal): Promise<readonly string[]> {
  const shell = process.env['SHELL'];
  if (process.platform === 'win32' || shell === undefined || !existsSync(shell)) return [];
  try {
    const script = `printf '${mark}%s${mark}' "$PATH"`;
    const { stdout } = await runProcess(shell, ['-ilc', script], { timeoutMs: shellMs }, signal);
    return foldersOf(stdout.split(mark)[1] ?? '');
  } catch {
    return [];
  }
}

function foldersOf(list: string): readonly string[] {
  return list.split(path.delimiter).filter((folder) => folder !== '');
}
