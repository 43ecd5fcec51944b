import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { Dependencies, ProjectConfig } from '../core/project';
import type { NotebookFacts } from './facts';
import type { InspectTools } from './tools';

type AsOf = NonNullable<Dependencies['asOf']>;

/** The date of the last code change: slipway.yaml, else git, else the newest recorded execution, else the file's time. */
export async function asOf(
  root: string,
  file: string,
  notebook: NotebookFacts | undefined,
  config: ProjectConfig,
  tools: InspectTools,
  signal: AbortSignal,
): Promise<AsOf | undefined> {
  if (config.asOf !== undefined) return { date: config.asOf, source: 'slipway.yaml' };
  const committed = (await tools.git?.(['log', '-1', '--format=%cI', '--', file], root, signal))?.trim();
  // A file with changes since the commit was worked on later than that; its executions or its own time tell when.
  const changed = committed ? await tools.git?.(['status', '--porcelain', '--', file], root, signal) : undefined;
  if (committed && changed?.trim() === '') return { date: utc(committed), source: 'git' };
  const executed = notebook?.cells
    .flatMap((cell) => cell.recorded?.at ?? [])
    .map(utc)
    .sort()
    .at(-1);
  if (executed !== undefined) return { date: executed, source: 'execution' };
  try {
    return { date: (await stat(path.join(root, file))).mtime.toISOString(), source: 'file' };
  } catch {
    return undefined;
  }
}

function utc(date: string): string {
  return new Date(date).toISOString();
}
