import path from 'node:path';
import { writeAtomic } from '../clients/files/contentStore';
import { packagesIn } from '../clients/python/lock';
import { pylockOf } from '../clients/python/pylock';
import type { DeployHost } from '../core/deploy';
import { UserError } from '../core/errors';
import { inspect } from './inspect';
import { solve } from './prepareEnvironment';
import { readProjectState } from './projectState';
import type { Services } from './services';

/** The name that every tool finds it by. @see https://packaging.python.org/en/latest/specifications/pylock-toml/#file-name */
export const lockName = 'pylock.toml';

export interface SaveLockRequest {
  readonly path: string;
  /** Whether a lock that lies there is solved anew. */
  readonly replace: boolean;
}

export interface SavedLock {
  /** Absolute. */
  readonly file: string;
  /** How many it pins. */
  readonly packages: number;
}

/**
 * Solves a project as a deploy does and writes the lock into it. Deploys go by it from then on, here and elsewhere.
 * @throws UserError LockExists, and those of a deploy up to its lock
 */
export async function saveLock(
  services: Services,
  host: DeployHost,
  { path: subject, replace }: SaveLockRequest,
  signal: AbortSignal,
): Promise<SavedLock> {
  const without = replace ? [lockName] : [];
  const project = await inspect(services, host, { path: subject, without }, signal);
  const { source } = project.dependencies;
  if (source.kind === 'lock') throw lockExists(source.file);
  const { added } = await readProjectState(services.home, project.root);
  const specs = added.map((one) => one.spec);
  const solved = await solve(services, host, project, specs, signal);
  const uv = await services.uv(signal);
  const text = await pylockOf(uv, solved.lock.file, solved.python.interpreter, signal);
  const file = path.join(project.root, lockName);
  await writeAtomic(file, text, 0o644);
  return { file, packages: Object.keys(packagesIn(solved.lock.text)).length };
}

function lockExists(file: string): UserError {
  return new UserError('LockExists', `The packages of the project are locked by ${file} already.`, {
    remedy: {
      kind: 'hint',
      label:
        path.basename(file) === lockName
          ? 'Have it solved anew: slipway lock --replace.'
          : 'Have the tool that wrote it bring it up to date, such as uv lock.',
    },
  });
}
