import { findTraining, hashModules, trainingKey, type TrainingRecord } from '../build/trainingRecord';
import { copyRuntime } from '../clients/python/runtimeFiles';
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
  const key = trainingKey({
    cells: await codeCells(path.join(project.root, entry.notebook), signal),
    modules: await hashModules(project.root, project.localModules),
    lock: solved.lock.digest,
    python: solved.python.interpreter.version,
    platform: `${process.platform}-${process.arch}`,
    runtime: path.basename(await copyRuntime(services.home, services.context.resources)),
    mode,
    entry: `${entry.notebook}:${entry.predict}:${entry.load ?? ''}`,
    env: project.config.env ?? {},
  });
  if (retrain) return { kind: 'run', entry, key, mode, why: 'Training was asked for' };
  if (project.config.train === 'always')
    return { kind: 'run', entry, key, mode, why: 'slipway.yaml says train: always' };
  const record = await findTraining(services.home.project(project.root), key, signal);
  if (record === undefined)
    return {
      kind: 'run',
      entry,
      key,
      mode,
      why: 'Code, packages or data changed since the last training, or there was none',
    };
  return { kind: 'reuse', entry, record, why: `Nothing changed since the training of ${record.trainedAt}` };
}
