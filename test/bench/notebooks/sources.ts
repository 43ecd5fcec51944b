import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { runTool } from '../../testbed/runTool';

/** A public notebook with the files beside it, in a folder with its place in the repository, and where it comes from. */
export interface Source {
  readonly name: string;
  readonly folder: string;
  /** `owner/name` */
  readonly repository: string;
  /** Of the notebook, in the repository and in the folder. */
  readonly path: string;
  readonly commit: string;
  /** ISO date of the last change of its code. */
  readonly date: string;
}

/** Every sub-folder with a `source.json`, by name. */
export async function readSources(folder: string): Promise<readonly Source[]> {
  const names = (await readdir(folder)).filter((name) => existsSync(path.join(folder, name, 'source.json'))).sort();
  return Promise.all(
    names.map(async (name) => {
      const text = await readFile(path.join(folder, name, 'source.json'), 'utf8');
      return { ...(JSON.parse(text) as Omit<Source, 'name' | 'folder'>), name, folder: path.join(folder, name) };
    }),
  );
}

/**
 * Copies a source to a folder of its own, as a clone made on the day of its date.
 * @param withPredict whether the notebook gets a last cell with a function `predict`, without which a deploy runs none
 * @returns the notebook
 */
export async function checkOut(source: Source, target: string, withPredict: boolean): Promise<string> {
  await cp(source.folder, target, { recursive: true });
  await rm(path.join(target, 'source.json'));
  const notebook = path.join(target, source.path);
  if (withPredict) await addPredict(notebook);
  const env = { ...process.env, GIT_AUTHOR_DATE: source.date, GIT_COMMITTER_DATE: source.date };
  const author = ['-c', 'user.name=bench', '-c', 'user.email=bench@example.invalid'];
  for (const args of [
    ['init', '-q'],
    ['add', '-A'],
    [...author, 'commit', '-q', '-m', 'As it was'],
  ])
    await runTool('git', ['-C', target, ...args], { env });
  return notebook;
}

interface RawNotebook {
  readonly cells?: Cell[];
  readonly worksheets?: readonly { readonly cells: Cell[] }[];
}
type Cell = Readonly<Record<string, unknown>>;

const predict = 'def predict(x):\n    return x\n';

async function addPredict(notebook: string): Promise<void> {
  const raw = JSON.parse(await readFile(notebook, 'utf8')) as RawNotebook;
  const common = { cell_type: 'code', metadata: {}, outputs: [] };
  raw.cells?.push({ ...common, execution_count: null, source: predict });
  raw.worksheets?.[0]?.cells.push({
    ...common,
    collapsed: false,
    input: predict,
    language: 'python',
    prompt_number: 1,
  });
  await writeFile(notebook, JSON.stringify(raw));
}
