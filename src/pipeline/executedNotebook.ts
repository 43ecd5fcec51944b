import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { exists, readJson } from '../clients/files/contentStore';
import type { Home } from '../core/home';

export interface ExecutedNotebook {
  readonly file: string;
  /** When its last cell was written. */
  readonly at: Date;
}

interface Candidate extends ExecutedNotebook {
  readonly folder: string;
}

/**
 * The notebook as it was last executed for a project, with outputs and figures; also of a training that failed, which
 * leaves no record: that one is told by its cells. Undefined when nothing was executed, or Free Space deleted it.
 * @param notebooks absolute paths of the project's notebooks
 */
export async function findExecuted(home: Home, project: string, notebooks: readonly string[], signal: AbortSignal): Promise<ExecutedNotebook | undefined> {
  const recorded = await recordedFolders(home, project);
  const own = await Promise.all(notebooks.map(cellIdentities));
  for (const candidate of await candidates(home)) {
    signal.throwIfAborted();
    if (recorded.has(candidate.folder)) return candidate;
    const cells = await cellIdentities(candidate.file);
    if (own.some((one) => isSameNotebook(one, cells))) return candidate;
  }
  return undefined;
}

/** Every executed notebook, newest first. */
async function candidates(home: Home): Promise<readonly Candidate[]> {
  const names = await readdir(home.artifacts).catch(() => []);
  const found = await Promise.all(
    names.map(async (folder) => {
      const file = path.join(home.artifacts, folder, 'executed.ipynb');
      const at = (await stat(file).catch(() => undefined))?.mtime;
      return at === undefined ? [] : [{ folder, file, at }];
    }),
  );
  return found.flat().sort((left, right) => right.at.getTime() - left.at.getTime());
}

async function recordedFolders(home: Home, project: string): Promise<ReadonlySet<string>> {
  const folder = path.join(home.project(project), 'training');
  const files = (await exists(folder)) ? await readdir(folder) : [];
  const records = await Promise.all(files.map((file) => readJson(path.join(folder, file))));
  return new Set(records.flatMap((record) => (isRecord(record) && typeof record['artifact'] === 'string' ? [path.basename(path.dirname(record['artifact']))] : [])));
}

/** Ids of the code cells, and their sources where they have none: editors give every cell a random id that stays with it. */
async function cellIdentities(file: string): Promise<ReadonlySet<string>> {
  const notebook = await readJson(file);
  const cells = isRecord(notebook) && Array.isArray(notebook['cells']) ? (notebook['cells'] as readonly unknown[]) : [];
  return new Set(cells.flatMap((cell) => (isRecord(cell) && cell['cell_type'] === 'code' ? [identityOf(cell)] : [])));
}

function identityOf(cell: Readonly<Record<string, unknown>>): string {
  const { id, source } = cell;
  return typeof id === 'string' ? `id ${id}` : `source ${Array.isArray(source) ? source.join('') : String(source)}`;
}

/** Most cells in common: the notebook may have been edited since. */
function isSameNotebook(own: ReadonlySet<string>, executed: ReadonlySet<string>): boolean {
  const common = [...executed].filter((one) => own.has(one)).length;
  return common > 0 && common * 2 >= Math.min(own.size, executed.size);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
