import { runProcess } from '../clients/process/runProcess';
import { isUserError } from '../core/errors';
import type { GitState } from '../core/release';

/** The commit that a folder is at; null outside a repository or without git. */
export async function readGitState(folder: string, signal: AbortSignal): Promise<GitState | null> {
  try {
    const result = await runProcess(
      'git',
      ['status', '--porcelain=v2', '--branch', '--untracked-files=no'],
      { cwd: folder, timeoutMs: 5000 },
      signal,
    );
    return result.exitCode === 0 ? parseStatus(result.stdout) : null;
  } catch (error) {
    if (isUserError(error)) return null;
    throw error;
  }
}

/** Reads `git status --porcelain=v2 --branch`; null before the first commit. */
function parseStatus(text: string): GitState | null {
  const lines = text.split('\n').filter((line) => line !== '');
  const header = (name: string): string | undefined =>
    lines.find((line) => line.startsWith(`# ${name} `))?.slice(name.length + 3);
  const commit = header('branch.oid');
  if (commit === undefined || commit === '(initial)') return null;
  const branch = header('branch.head');
  const dirty = lines.some((line) => !line.startsWith('#'));
  return { commit, dirty, ...(branch === undefined || branch === '(detached)' ? {} : { branch }) };
}
