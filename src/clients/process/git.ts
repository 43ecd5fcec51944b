import path from 'node:path';
import { isUserError } from '../../core/errors';
import { exists } from '../files/contentStore';
import { runProcess } from './runProcess';

/**
 * A repository names programs that git runs: none of them is wanted for a question. Nor is a lock, which would stand in the
 * way of the user's own git.
 * @see https://git-scm.com/docs/git#Documentation/git.txt---no-optional-locks
 */
const onlyAsking = ['--no-optional-locks', '-c', 'core.fsmonitor=false', '-c', 'log.showSignature=false'];

/** What git answers about a folder; undefined outside a repository, without git, and where git cannot tell. */
export async function askGit(
  args: readonly string[],
  folder: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (!(await isInRepository(folder))) return undefined;
  try {
    const result = await runProcess('git', ['-C', folder, ...onlyAsking, ...args], { timeoutMs: 10_000 }, signal);
    return result.exitCode === 0 ? result.stdout : undefined;
  } catch (error) {
    signal.throwIfAborted();
    if (isUserError(error)) return undefined;
    throw error;
  }
}

/** Looks before git is started, which takes longer than everything else that is asked of most projects. */
async function isInRepository(folder: string): Promise<boolean> {
  if (process.env['GIT_DIR'] !== undefined) return true;
  if (await exists(path.join(folder, '.git'))) return true;
  const above = path.dirname(folder);
  return above !== folder && isInRepository(above);
}
