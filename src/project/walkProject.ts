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
  const sort = (child: Dirent, name: string): void => {
    const reason = skippedFolders.get(child.name);
    if (!child.isDirectory()) entries.push(...entryOf(child, name));
    else if (reason === undefined) pending.push(name);
    else skipped.push({ path: `${name}/`, reason });
  };
  for (let folder = pending.pop(); folder !== undefined && entries.length < limit; folder = pending.pop()) {
    signal.throwIfAborted();
    const children = await listFolder(path.join(root, folder));
    if (folder !== '' && isEnvironment(children)) {
      skipped.push({ path: `${folder}/`, reason: 'virtual environment' });
      continue;
    }
    for (const child of children) sort(child, folder === '' ? child.name : `${folder}/${child.name}`);
  }
  entries.sort((left, right) => (left.path < right.path ? -1 : 1));
  return { entries, skipped, truncated: entries.length >= limit };
}

function isEnvironment(children: readonly Dirent[]): boolean {
  return children.some((child) => child.name === 'pyvenv.cfg' || child.name === 'conda-meta');
}

/** Sockets, pipes and devices are no files of a project. */
function entryOf(child: Dirent, name: string): readonly ProjectEntry[] {
  if (child.isSymbolicLink()) return [{ path: name, kind: 'link' }];
  return child.isFile() ? [{ path: name, kind: 'file' }] : [];
}

async function listFolder(folder: string): Promise<readonly Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch {
    // Unreadable by us, so by the model as well.
    return [];
  }
}
