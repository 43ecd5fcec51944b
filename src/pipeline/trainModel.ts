import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { keepHubFiles } from '../build/hubFiles';
import { describeInputs, saveTraining, type TrainingRecord } from '../build/trainingRecord';
import {
  runTrainer,
  type HubItem,
  type TrainEvent,
  type TrainFailure,
  type TrainRequest,
} from '../clients/python/trainer';
import { makeRunner } from '../clients/python/environments';
import type { BundleRuntime } from '../core/bundle';
import type { DeployHost } from '../core/deploy';
import { UserError } from '../core/errors';
import type { EntryPoint, Project } from '../core/project';
import { updateProjectState } from './projectState';
import type { Services } from './services';

export type NotebookEntry = Extract<EntryPoint, { kind: 'notebook' }>;

export interface TrainingRun {
  readonly project: Project;
  readonly entry: NotebookEntry;
  readonly runtime: BundleRuntime;
  readonly key: string;
  readonly mode: 'full' | 'definitions';
  readonly state: string;
  /** A training whose state is used again where the edit provably left it as it is. */
  readonly previous?: TrainingRecord | undefined;
  readonly env: NodeJS.ProcessEnv;
}

/** A package that the notebook turned out to need and that nobody had named. */
export interface MissingPackage {
  readonly module: string;
  readonly distribution: string | undefined;
  readonly message: string;
}

export type TrainingOutcome =
  | {
      readonly kind: 'trained';
      readonly record: TrainingRecord;
      /** Only definitions were executed, over the state of the training before. */
      readonly resumed: boolean;
      /** Settles when the kernel has run what the notebook does at its end, and is gone. Never rejects. */
      readonly ended: Promise<void>;
    }
  | { readonly kind: 'missing'; readonly missing: MissingPackage };

/**
 * Executes the notebook once. A missing package is an outcome, since the caller can add it and start over.
 * @throws UserError CellFailed and the other codes of the runner, with the cell as location
 */
export async function trainModel(
  services: Services,
  host: DeployHost,
  run: TrainingRun,
  signal: AbortSignal,
): Promise<TrainingOutcome> {
  const uv = await services.uv(signal);
  const runner = await makeRunner(uv, services.home, () => undefined, signal);
  const folder = path.join(services.home.artifacts, `${run.key}-${Date.now().toString(36)}`);
  const connectionDir = await mkdtemp(path.join(tmpdir(), 'slw-'));
  const started = performance.now();
  const seen = new Seen();
  const script = path.join(run.runtime.runtime, 'train.py');
  const events = runTrainer({ python: runner, script }, requestFor(run, folder, connectionDir), run.env, signal);
  const end = (): Promise<void> => drain(events).then(() => rm(connectionDir, { recursive: true, force: true }));
  try {
    while (!seen.isDone) {
      const next = await events.next();
      if (next.done === true) break;
      seen.take(next.value);
      show(host, next.value, seen.cells);
    }
  } catch (error) {
    await events.return(undefined);
    await end();
    throw error;
  } finally {
    await updateProjectState(services.home, run.project.root, { executed: path.join(folder, 'executed.ipynb') });
  }
  if (seen.failure !== undefined) {
    await end();
    // Only a full execution says what is wrong with the notebook.
    if (seen.resumed || seen.failure.code === 'NotReusable')
      return trainModel(services, host, { ...run, previous: undefined }, signal);
    if (seen.missing !== undefined) return { kind: 'missing', missing: seen.missing };
    throw trainingFailed(run, path.join(folder, 'executed.ipynb'), seen.failure);
  }
  const ended = end().catch(() => undefined);
  const made = await recordOf(seen, folder, (performance.now() - started) / 1000, signal);
  const { resumed } = seen;
  const record = { ...(resumed ? continued(made, run.previous) : made), state: run.state };
  await saveTraining(services.home.project(run.project.root), run.key, record);
  return { kind: 'trained', record, resumed, ended };
}

/** Waits until the runner is gone. What it still tells, or how it fails, changes nothing any more. */
async function drain(events: AsyncGenerator): Promise<void> {
  for (;;) {
    const next = await events.next().catch(() => undefined);
    if (next === undefined || next.done === true) return;
  }
}

/** What the events of one execution add up to. */
class Seen {
  cells = 0;
  missing: MissingPackage | undefined;
  resumed = false;
  failure: TrainFailure | undefined;
  inputs: Extract<TrainEvent, { event: 'inputs' }> | undefined;
  hubs: readonly HubItem[] = [];
  done: Extract<TrainEvent, { event: 'done' }> | undefined;

  get isDone(): boolean {
    return this.done !== undefined || this.failure !== undefined;
  }

  take(event: TrainEvent): void {
    if (event.event === 'started') this.cells = event.cells;
    else if (event.event === 'missing')
      this.missing = { module: event.module, distribution: event.distribution, message: event.message };
    else if (event.event === 'resumed') this.resumed = event.why === undefined;
    else if (event.event === 'failed') this.failure = event;
    else if (event.event === 'inputs') this.inputs = event;
    else if (event.event === 'hubs') this.hubs = event.items;
    else if (event.event === 'done') this.done = event;
  }
}

function requestFor(run: TrainingRun, folder: string, connectionDir: string): TrainRequest {
  const notebook = path.join(run.project.root, run.entry.notebook);
  return {
    notebook,
    workdir: path.dirname(notebook),
    sysPath: run.project.sysPath,
    python: run.runtime.python,
    support: run.runtime.support,
    artifact: path.join(folder, 'artifact'),
    executed: path.join(folder, 'executed.ipynb'),
    mode: run.mode,
    previous: run.previous === undefined ? null : path.dirname(run.previous.artifact),
    entry: { predict: run.entry.predict, load: run.entry.load ?? 'load' },
    parameters: null,
    env: run.project.config.env ?? {},
    secretNames: run.project.config.secrets ?? [],
    connectionDir,
    cellTimeoutSeconds: null,
  };
}

function show(host: DeployHost, event: TrainEvent, cells: number): void {
  if (event.event === 'cell') {
    const { index, id, state, ms, firstLine } = event;
    host.report({
      event: 'cell',
      index,
      of: cells,
      id,
      state,
      ...(ms === undefined ? {} : { ms }),
      ...(firstLine === undefined ? {} : { text: firstLine }),
    });
  } else if (event.event === 'output') {
    host.report({ event: 'output', source: 'notebook', text: event.text });
  } else if (event.event === 'finding') {
    host.report({
      event: 'finding',
      finding: {
        code: event.code,
        severity: 'warning',
        message: event.message ?? `${event.module ?? 'A module'} comes from outside the project (${event.file ?? ''}).`,
      },
    });
  }
}

async function recordOf(seen: Seen, folder: string, seconds: number, signal: AbortSignal): Promise<TrainingRecord> {
  const { inputs, gone } = await describeInputs(seen.inputs?.files.map((file) => file.path) ?? [], signal);
  const artifact = path.join(folder, 'artifact');
  return {
    artifact,
    trainedAt: new Date().toISOString(),
    seconds,
    inputs,
    unhashed: [...gone, ...(seen.inputs?.network ?? [])],
    peakMemory: seen.done?.artifact.memoryPeakBytes ?? null,
    hasExample: seen.done?.artifact.example !== null,
    hubs: await keepHubFiles(artifact, seen.hubs, signal),
  };
}

/** What the training before read and used counts on. */
function continued(made: TrainingRecord, previous: TrainingRecord | undefined): TrainingRecord {
  if (previous === undefined) return made;
  const read = new Set(previous.inputs.map((input) => input.path));
  return {
    ...made,
    trainedAt: previous.trainedAt,
    inputs: [...previous.inputs, ...made.inputs.filter((input) => !read.has(input.path))],
    unhashed: [...new Set([...previous.unhashed, ...made.unhashed])],
    peakMemory: Math.max(previous.peakMemory ?? 0, made.peakMemory ?? 0) || null,
  };
}

function trainingFailed(run: TrainingRun, executed: string, failure: TrainFailure): UserError {
  const file = path.join(run.project.root, run.entry.notebook);
  const location =
    failure.id === undefined
      ? { file }
      : { file, cell: failure.id, ...(failure.line === undefined ? {} : { line: failure.line }) };
  return new UserError(failure.code, failure.message, {
    location,
    remedy: { kind: 'openFile', label: 'Open Cell', location },
    details: {
      traceback: failure.traceback,
      executed,
      ename: failure.ename,
      evalue: failure.evalue,
      variable: failure.variable,
    },
  });
}
