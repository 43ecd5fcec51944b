import { stat } from 'node:fs/promises';
import path from 'node:path';
import { notBefore } from '../clients/python/pythonReleases';
import type { Dependencies, ProjectConfig } from '../core/project';
import type { NotebookFacts } from './facts';
import type { InspectTools } from './tools';

type AsOf = NonNullable<Dependencies['asOf']>;

/**
 * The date of the last code change: slipway.yaml, else git, else the newest recorded execution, else the file's time. A
 * notebook that was last run with a Python of a later day was run, and found good, with packages of that day or later.
 */
export async function asOf(
  root: string,
  file: string,
  notebook: NotebookFacts | undefined,
  config: ProjectConfig,
  tools: InspectTools,
  signal: AbortSignal,
): Promise<AsOf | undefined> {
  const changed = await lastChange(root, file, notebook, config, tools, signal);
  const ran = notBefore(notebook?.pythonVersion ?? '');
  if (changed === undefined || ran === undefined || exact.has(changed.source)) return changed;
  return ran > changed.date.slice(0, 10) ? { date: ran, source: 'python' } : changed;
}

/** A person's word, and a record of the run itself. */
const exact: ReadonlySet<AsOf['source']> = new Set(['slipway.yaml', 'execution']);

async function lastChange(
  root: string,
  file: string,
  notebook: NotebookFacts | undefined,
  config: ProjectConfig,
  tools: InspectTools,
  signal: AbortSignal,
): Promise<AsOf | undefined> {
  if (config.asOf !== undefined) return { date: config.asOf, source: 'slipway.yaml' };
  const committed = await commitDate(root, file, tools, signal);
  if (committed !== undefined) return { date: committed, source: 'git' };
  const executed = notebook?.cells.flatMap((cell) => (cell.recorded === null ? [] : [utc(cell.recorded.at)])).sort();
  const last = executed?.at(-1);
  if (last !== undefined) return { date: last, source: 'execution' };
  const found = await stat(path.join(root, file)).catch(() => undefined);
  return found === undefined ? undefined : { date: found.mtime.toISOString(), source: 'file' };
}

/** The last commit's date; undefined for a file with later changes: its executions or its own time tell better. */
async function commitDate(
  root: string,
  file: string,
  tools: InspectTools,
  signal: AbortSignal,
): Promise<string | undefined> {
  const changes = await tools.git?.(['status', '--porcelain', '--', file], root, signal);
  if (changes?.trim() !== '') return undefined;
  const date = (await tools.git?.(['log', '-1', '--format=%cI', '--', file], root, signal))?.trim() ?? '';
  return date === '' ? undefined : utc(date);
}

function utc(date: string): string {
  return new Date(date).toISOString();
}
