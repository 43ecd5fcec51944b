import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';

export interface ProjectEntry {
  /** Relative to the root, POSIX separators. */
  readonly path: string;
  readonly kind: 'file' | 'link';
}

export interface Walk {
  readonly entries: readonly ProjectEntry[];
  /** Folders that were not entered, with the reason. */
  readonly skipped: readonly { readonly path: string; readonly reason: string }[];
  /** Whether the project holds more files than were listed. */
  readonly truncated: boolean;
}

const skippedFolders: ReadonlyMap<string, string> = new Map([
  ['.git', 'version control'],
  ['.hg', 'version control'],
  ['.svn', 'version control'],
  ['node_modules', 'installed packages'],
  ['site-packages', 'installed packages'],
  ['__pycache__', 'byte-code'],
  ['.ipynb_checkpoints', 'notebook checkpoints'],
  ['.slipway', 'Slipway’s own files'],
  ['.venv', 'virtual environment'],
  ['.tox', 'virtual environment'],
  ['.nox', 'virtual environment'],
  ['.conda', 'virtual environment'],
  ['.mypy_cache', 'cache'],
  ['.ruff_cache', 'cache'],
  ['.pytest_cache', 'cache'],
  ['.cache', 'cache'],
  ['.eggs', 'cache'],
  ['.idea', 'editor settings'],
  ['.vscode', 'editor settings'],
  ['.ssh', 'keys'],
  ['.aws', 'keys'],
  ['.azure', 'keys'],
  ['.gnupg', 'keys'],
  ['.kube', 'keys'],
  ['.docker', 'keys'],
]);

/** Lists a project's files by name, sorted; folders that never matter are not entered. Links are listed, not followed. */
export async function walkProject(root: string, signal: AbortSignal, limit = 50_000): Promise<Walk> {
  const entries: ProjectEntry[] = [];
  const skipped: { path: string; reason: string }[] = [];
  const pending = [''];
  for (let folder = pending.pop(); folder !== undefined && entries.length < limit; folder = pending.pop()) {
    signal.throwIfAborted();
    const children = await listFolder(path.join(root, folder));
    if (folder !== '' && children.some((child) => child.name === 'pyvenv.cfg' || child.name === 'conda-meta')) {
      skipped.push({ path: `${folder}/`, reason: 'virtual environment' });
      continue;
    }
    for (const child of children) {
      const name = folder === '' ? child.name : `${folder}/${child.name}`;
      const reason = child.isDirectory() ? skippedFolders.get(child.name) : undefined;
      if (reason !== undefined) skipped.push({ path: `${name}/`, reason });
      else if (child.isDirectory()) pending.push(name);
      else if (child.isSymbolicLink()) entries.push({ path: name, kind: 'link' });
      else if (child.isFile()) entries.push({ path: name, kind: 'file' });
    }
  }
  entries.sort((left, right) => (left.path < right.path ? -1 : 1));
  return { entries, skipped, truncated: entries.length >= limit };
}

async function listFolder(folder: string): Promise<readonly Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch {
    // Unreadable by us, so by the model as well.
    return [];
  }
}
