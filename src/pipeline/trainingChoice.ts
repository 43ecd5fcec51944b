import {
  findState,
  findTraining,
  hashModules,
  mayReachCells,
  stateKey,
  trainingKey,
  type TrainingIdentity,
  type TrainingRecord,
} from '../build/trainingRecord';
import { codeCells } from '../project/codeCells';
import type { Project } from '../core/project';
import path from 'node:path';
import type { Solved } from './prepareEnvironment';
import type { Services } from './services';
import type { NotebookEntry } from './trainModel';

/** Whether the notebook is executed, and why. */
export type TrainingChoice =
  | {
      readonly kind: 'run';
      readonly entry: NotebookEntry;
      readonly key: string;
      readonly mode: 'full' | 'definitions';
      readonly why: string;
      readonly state: string;
      /** A training whose state may do, when the edit changed definitions only. */
      readonly previous?: TrainingRecord;
    }
  | { readonly kind: 'reuse'; readonly entry: NotebookEntry; readonly record: TrainingRecord; readonly why: string }
  | { readonly kind: 'none'; readonly why: string };

export async function identify(
  services: Services,
  project: Project,
  solved: Solved,
  retrain: boolean,
  signal: AbortSignal,
): Promise<TrainingChoice> {
  const { entry } = project;
  if (entry.kind !== 'notebook') return { kind: 'none', why: 'There is no notebook to execute' };
  const mode = project.config.train === 'never' ? 'definitions' : 'full';
  const identity: TrainingIdentity = {
    cells: await codeCells(path.join(project.root, entry.notebook), signal),
    modules: await hashModules(project.root, project.localModules),
    lock: solved.lock.digest,
    python: solved.python.interpreter.version,
    platform: `${process.platform}-${process.arch}`,
    runtime: path.basename(await services.runtime(signal)),
    mode,
    entry: `${entry.notebook}:${entry.predict}:${entry.load ?? ''}`,
    env: project.config.env ?? {},
  };
  const run = { kind: 'run', entry, key: trainingKey(identity), state: stateKey(identity), mode } as const;
  if (retrain) return { ...run, why: 'Training was asked for' };
  if (project.config.train === 'always') return { ...run, why: 'slipway.yaml says train: always' };
  const folder = services.home.project(project.root);
  const record = await findTraining(folder, run.key, signal);
  if (record === undefined) {
    const previous = mode === 'full' ? await stateToUse(folder, run.state, project, signal) : undefined;
    const why = 'Code, packages or data changed since the last training, or there was none';
    return { ...run, why, ...(previous === undefined ? {} : { previous }) };
  }
  return { kind: 'reuse', entry, record, why: `Nothing changed since the training of ${record.trainedAt}` };
}

async function stateToUse(
  folder: string,
  state: string,
  project: Project,
  signal: AbortSignal,
): Promise<TrainingRecord | undefined> {
  const found = await findState(folder, state, signal);
  // What comes from hubs was noted as it was loaded.
  if (found === undefined || (found.hubs ?? []).length > 0) return undefined;
  return (await mayReachCells(project.root, project.localModules)) ? undefined : found;
}
