import { askGit } from '../clients/process/git';
import type { GitState } from '../core/release';

/** The commit that a folder is at; null outside a repository or without git. */
export async function readGitState(folder: string, signal: AbortSignal): Promise<GitState | null> {
  const status = await askGit(['status', '--porcelain=v2', '--branch', '--untracked-files=no'], folder, signal);
  return status === undefined ? null : parseStatus(status);
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
