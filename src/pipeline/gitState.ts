import { runProcess } from '../clients/process/runProcess';
import { isUserError } from '../core/errors';
import type { GitState } from '../core/release';

/** The commit that a folder is at; null outside a repository or without git. */
export async function readGitState(folder: string, signal: AbortSignal): Promise<GitState | null> {
  try {
    const result = await runProcess('git', ['status', '--porcelain=v2', '--branch', '--untracked-files=no'], { cwd: folder, timeoutMs: 5000 }, signal);
    const commit = /^# branch\.oid (?<oid>[0-9a-f]{40,64})$/m.exec(result.stdout)?.groups?.['oid'];
    if (result.exitCode !== 0 || commit === undefined) return null;
    const branch = /^# branch\.head (?<head>.+)$/m.exec(result.stdout)?.groups?.['head'];
    const dirty = result.stdout.split('\n').some((line) => line !== '' && !line.startsWith('#'));
    return { commit, dirty, ...(branch === undefined || branch === '(detached)' ? {} : { branch }) };
  } catch (error) {
    if (isUserError(error)) return null;
    throw error;
  }
}
