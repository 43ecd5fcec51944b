import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { mayFit } from '../clients/python/pythonRange';
import type { ProjectConfig, PythonRequirement } from '../core/project';
import type { ChosenSource } from './dependencies';

export interface PythonClues {
  readonly root: string;
  /** Folders where `.python-version` and `runtime.txt` are looked for, relative to the root, nearest first. */
  readonly folders: readonly string[];
  readonly config: ProjectConfig;
  readonly chosen: ChosenSource;
  /** Version that the notebook's metadata names. */
  readonly notebook: string | undefined;
}

/** The Python that a project names, the strongest word first: slipway.yaml, .python-version, dependency file, runtime.txt, notebook. */
export async function pythonRequirement(clues: PythonClues, signal: AbortSignal): Promise<PythonRequirement> {
  const { config, chosen } = clues;
  if (config.python !== undefined) return { version: minor(config.python) ?? config.python, source: 'slipway.yaml' };
  const pinned = await fromFile(clues, '.python-version', /^(?:cpython-|python-?)?(3\.\d+)/im, signal);
  if (pinned !== undefined) return pinned;
  if (chosen.python !== undefined) return declaredPython(chosen.python, minor(clues.notebook));
  const traced =
    (await fromFile(clues, 'runtime.txt', /^python-(3\.\d+)/im, signal)) ??
    (await fromFile(clues, 'MLmodel', /^\s*python_version:\s*['"]?(3\.\d+)/m, signal));
  if (traced !== undefined) return traced;
  const notebook = minor(clues.notebook);
  return notebook === undefined
    ? { source: 'nothing in the project names one' }
    : { version: notebook, source: 'notebook metadata', isTrace: true };
}

/** Of a range the version that the notebook ran with. */
function declaredPython(
  { version, specifier, file }: NonNullable<ChosenSource['python']>,
  notebook: string | undefined,
): PythonRequirement {
  if (version !== undefined) return { version: minor(version) ?? version, source: file };
  if (specifier === undefined) return { source: file };
  if (notebook === undefined || !mayFit(notebook, specifier)) return { specifier, source: file };
  return { version: notebook, specifier, source: `notebook metadata, within ${file}`, isTrace: true };
}

async function fromFile(
  clues: PythonClues,
  name: string,
  pattern: RegExp,
  signal: AbortSignal,
): Promise<PythonRequirement | undefined> {
  for (const folder of clues.folders) {
    try {
      const text = await readFile(path.join(clues.root, folder, name), { encoding: 'utf8', signal });
      const version = pattern.exec(text)?.[1];
      if (version !== undefined) return { version, source: name };
    } catch {
      signal.throwIfAborted();
    }
  }
  return undefined;
}

/** `3.11` of `3.11.7`; undefined for Python 2 and for text that is no version. */
export function minor(version: string | undefined): string | undefined {
  return /^(3\.\d+)/.exec(version ?? '')?.[1];
}
