import { readdir, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { UserError } from '../core/errors';
import { isMissing } from './config';

/** What the user pointed at: a folder, or one file in a project. */
export interface Subject {
  readonly root: string;
  /** The file that was named, relative to the root; undefined for a folder. */
  readonly file?: string;
}

const markers =
  /^(slipway\.ya?ml|uv\.lock|pylock\.toml|pyproject\.toml|requirements.*\.txt|Pipfile|environment\.ya?ml|\.git)$/;

/**
 * The project of a path: a folder is its own root; a file belongs to the nearest folder above it that holds a dependency
 * file, a slipway.yaml or a repository, else to its own folder.
 * @throws UserError ProjectNotFound
 */
export async function findProject(subject: string, signal: AbortSignal): Promise<Subject> {
  const full = path.resolve(subject);
  let isFolder: boolean;
  try {
    isFolder = (await stat(full)).isDirectory();
  } catch (cause) {
    const why = isMissing(cause) ? 'does not exist' : 'cannot be read';
    throw new UserError('ProjectNotFound', `${full} ${why}.`, {
      cause,
      remedy: { kind: 'hint', label: 'Choose a folder with a notebook or a model.' },
    });
  }
  if (isFolder) return { root: full };
  const root = await markedFolder(path.dirname(full), signal);
  return { root, file: path.relative(root, full).split(path.sep).join('/') };
}

async function markedFolder(start: string, signal: AbortSignal): Promise<string> {
  const home = os.homedir();
  let folder = start;
  for (let depth = 0; depth < 6 && folder !== home && path.dirname(folder) !== folder; depth += 1) {
    signal.throwIfAborted();
    const names = await readdir(folder);
    if (names.some((name) => markers.test(name))) return folder;
    folder = path.dirname(folder);
  }
  return start;
}
