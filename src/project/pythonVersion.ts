import { readFile } from 'node:fs/promises';
import path from 'node:path';
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
  if (pinned !== undefined) return { version: pinned, source: '.python-version' };
  const declared = chosen.declared.python;
  const file = chosen.source.kind === 'inferred' ? 'pyproject.toml' : chosen.source.file;
  const notebook = minor(clues.notebook);
  if (declared?.version !== undefined) return { version: minor(declared.version) ?? declared.version, source: file };
  if (declared?.specifier !== undefined) return { specifier: declared.specifier, source: file };
  const runtime = await fromFile(clues, 'runtime.txt', /^python-(3\.\d+)/im, signal);
  if (runtime !== undefined) return { version: runtime, source: 'runtime.txt' };
  const served = await fromFile(clues, 'MLmodel', /^\s*python_version:\s*['"]?(3\.\d+)/m, signal);
  if (served !== undefined) return { version: served, source: 'MLmodel' };
  if (notebook !== undefined) return { version: notebook, source: 'notebook metadata' };
  return { source: 'nothing in the project names one' };
}

async function fromFile(
  clues: PythonClues,
  name: string,
  pattern: RegExp,
  signal: AbortSignal,
): Promise<string | undefined> {
  for (const folder of clues.folders) {
    try {
      const text = await readFile(path.join(clues.root, folder, name), { encoding: 'utf8', signal });
      const version = pattern.exec(text)?.[1];
      if (version !== undefined) return version;
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
