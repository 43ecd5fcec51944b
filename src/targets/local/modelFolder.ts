import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { ControlAddress } from './connection';
import { isAlive } from '../../clients/files/lockFile';
import type { DeployedModel, Phase, Reason, Worker } from '../../core/deployment';
import { type Home } from '../../core/home';
import type { Release } from '../../core/release';

/** `state.json` and the supervisor's `state` events. Only the supervisor writes it. */
interface SupervisorState {
  readonly name: string;
  readonly phase: Phase;
  readonly reason:
    | (Omit<Reason, 'location'> & {
        readonly cell?: string;
        readonly line?: number;
        readonly cause?: Omit<Reason, 'location'>;
      })
    | null;
  readonly endpoint: string | null;
  readonly release: number | null;
  readonly replicas: { readonly desired: number; readonly ready: number; readonly workers: readonly RawWorker[] };
  readonly rollout: { readonly release: number; readonly step: string } | null;
  readonly releases: readonly Release[];
  readonly peakRss?: number | null;
  readonly updatedAt?: string;
}

interface RawWorker {
  readonly index: number;
  readonly pid: number | null;
  readonly release: number;
  readonly phase: Worker['phase'];
  readonly restarts: number;
  readonly startedAt: string;
  readonly rss?: number | null;
}

/** Names of the models that the home folder holds, sorted. */
export async function listModels(home: Home): Promise<readonly string[]> {
  const entries = await readdir(home.models, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

/** Where a model's supervisor listens; undefined when none is alive. */
export async function controlAddress(home: Home, name: string): Promise<ControlAddress | undefined> {
  try {
    const address = JSON.parse(
      await readFile(path.join(home.model(name), 'supervisor.json'), 'utf8'),
    ) as ControlAddress;
    return isAlive(address.pid) ? address : undefined;
  } catch {
    return undefined;
  }
}

/** What is known of a model whose supervisor does not run, after a reboot for instance: it is stopped. */
export async function stoppedModel(home: Home, name: string): Promise<DeployedModel | undefined> {
  const file = path.join(home.model(name), 'state.json');
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const model = modelFrom(JSON.parse(text) as SupervisorState);
    return {
      ...model,
      phase: model.phase === 'Failed' ? 'Failed' : 'Stopped',
      endpoint: undefined,
      rollout: undefined,
      workers: [],
      replicas: { ...model.replicas, ready: 0 },
    };
  } catch {
    return {
      ...emptyModel(name),
      phase: 'Failed',
      reason: {
        code: 'StateCorrupt',
        message: `The state file of ${name} cannot be read. It is kept aside when the model is next deployed or started.`,
      },
    };
  }
}

/** Translates the supervisor's state into the words that every target shares. */
export function modelFrom(state: unknown): DeployedModel {
  const raw = state as SupervisorState;
  const resources = raw.releases.find((one) => one.version === raw.release)?.resources;
  return {
    ...(resources === undefined ? {} : { resources }),
    name: raw.name,
    targetId: 'local',
    phase: raw.phase,
    version: raw.release ?? undefined,
    endpoint: raw.phase === 'Ready' || raw.replicas.ready > 0 ? (raw.endpoint ?? undefined) : undefined,
    replicas: { desired: raw.replicas.desired, ready: raw.replicas.ready },
    workers: raw.replicas.workers.map(workerFrom),
    releases: raw.releases,
    reason: raw.reason === null ? undefined : reasonFrom(raw.reason),
    rollout: raw.rollout === null ? undefined : { version: raw.rollout.release, step: raw.rollout.step },
    peakMemory: raw.peakRss ?? undefined,
    updatedAt: raw.updatedAt,
  };
}

/** A failure as the supervisor tells it; where the notebook's path is known, with the cell as a location. */
export function reasonFrom(raw: NonNullable<SupervisorState['reason']>, notebook?: string): Reason {
  const { cell, line, ...rest } = raw;
  if (cell === undefined || notebook === undefined) return rest;
  return { ...rest, location: { file: notebook, cell, ...(line === undefined ? {} : { line }) } };
}

function workerFrom(raw: RawWorker): Worker {
  return {
    index: raw.index,
    pid: raw.pid ?? undefined,
    version: raw.release,
    phase: raw.phase,
    restarts: raw.restarts,
    startedAt: raw.startedAt,
    memory: raw.rss ?? undefined,
  };
}

function emptyModel(name: string): DeployedModel {
  return {
    name,
    targetId: 'local',
    phase: 'Pending',
    version: undefined,
    endpoint: undefined,
    replicas: { desired: 0, ready: 0 },
    workers: [],
    releases: [],
    reason: undefined,
    rollout: undefined,
    peakMemory: undefined,
    updatedAt: undefined,
  };
}
