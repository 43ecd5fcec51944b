import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { HubUse } from './hubFiles';
import { exists, hashFile, readJson, writeAtomic } from '../clients/files/contentStore';

/** What one execution of a notebook read and made. It is valid while everything that it read is unchanged. */
export interface TrainingRecord {
  readonly artifact: string;
  readonly trainedAt: string;
  readonly seconds: number;
  readonly inputs: readonly TrainingInput[];
  /** What no hash covers: addresses on the network, files that are gone. */
  readonly unhashed: readonly string[];
  readonly peakMemory: number | null;
  readonly hasExample: boolean;
  /** What it uses of hubs, which is part of the artifact; absent in records of older versions. */
  readonly hubs?: readonly HubUse[];
  /** {@link stateKey} of what was trained; absent in records of older versions. */
  readonly state?: string;
}

export interface TrainingInput {
  readonly path: string;
  readonly size: number;
  readonly mtimeMs: number;
  readonly sha256: string;
}

/** Everything that is known before execution and decides its result. */
export interface TrainingIdentity {
  /** Sources of the code cells in order. */
  readonly cells: readonly string[];
  /** Local modules by path with the hash of their content. */
  readonly modules: readonly (readonly [string, string])[];
  readonly lock: string;
  readonly python: string;
  readonly platform: string;
  readonly runtime: string;
  readonly mode: string;
  readonly entry: string;
  readonly env: Readonly<Record<string, string>>;
}

export function trainingKey(identity: TrainingIdentity): string {
  return createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 32);
}

/** The same for all notebooks that differ in nothing but their cells. */
export function stateKey(identity: TrainingIdentity): string {
  return trainingKey({ ...identity, cells: [] });
}

/**
 * The newest record of a notebook that differed in nothing but its cells, and whose inputs are all unchanged. Whether its
 * state may be used again, only the cells can tell.
 */
export async function findState(
  folder: string,
  state: string,
  signal: AbortSignal,
): Promise<TrainingRecord | undefined> {
  const files = await filesByAge(path.join(folder, 'training'));
  for (const file of files) {
    const record = (await readJson(file)) as TrainingRecord | undefined;
    if (record?.state === state) return (await isValid(record, signal)) ? record : undefined;
  }
  return undefined;
}

/** The newest first. */
async function filesByAge(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch(() => []);
  const files = await Promise.all(
    names.map(async (name) => {
      const file = path.join(folder, name);
      return { file, age: (await stat(file).catch(() => undefined))?.mtimeMs ?? 0 };
    }),
  );
  return files.sort((left, right) => right.age - left.age).map(({ file }) => file);
}

/** The newest record of the same identity whose inputs are all unchanged; undefined when the notebook must run. */
export async function findTraining(
  folder: string,
  key: string,
  signal: AbortSignal,
): Promise<TrainingRecord | undefined> {
  const record = (await readJson(recordFile(folder, key))) as TrainingRecord | undefined;
  return record !== undefined && (await isValid(record, signal)) ? record : undefined;
}

async function isValid(record: TrainingRecord, signal: AbortSignal): Promise<boolean> {
  if (!(await exists(path.join(record.artifact, 'artifact.json')))) return false;
  for (const input of record.inputs) if (!(await isUnchanged(input, signal))) return false;
  return true;
}

export async function saveTraining(folder: string, key: string, record: TrainingRecord): Promise<void> {
  await writeAtomic(recordFile(folder, key), JSON.stringify(record, null, 2));
}

/** Hashes the files that an execution read; those that are gone meanwhile are named instead. */
export async function describeInputs(
  files: readonly string[],
  signal: AbortSignal,
): Promise<{ readonly inputs: readonly TrainingInput[]; readonly gone: readonly string[] }> {
  const inputs: TrainingInput[] = [];
  const gone: string[] = [];
  for (const file of files) {
    const found = await stat(file).catch(() => undefined);
    if (found?.isFile() === true)
      inputs.push({ path: file, size: found.size, mtimeMs: found.mtimeMs, sha256: await hashFile(file, signal) });
    else gone.push(file);
  }
  return { inputs, gone };
}

/** Content hashes of the project's modules, for the identity. */
export async function hashModules(
  root: string,
  files: readonly string[],
): Promise<readonly (readonly [string, string])[]> {
  return Promise.all(
    [...files].sort().map(async (file) => {
      const content = await readFile(path.resolve(root, file)).catch(() => Buffer.alloc(0));
      return [file, createHash('sha256').update(content).digest('hex')] as const;
    }),
  );
}

/** Ways of a module to what the notebook defines, other than being given it. */
const reachesCells =
  /\b(__main__|IPython|get_ipython|_getframe|inspect|gc|pickle|joblib|dill|cloudpickle|runpy)\b|\b(sys\.modules|torch\.load|numpy\.load|np\.load)\b/;

/** Whether a module of the project may use functions of the notebook without being given them. */
export async function mayReachCells(root: string, files: readonly string[]): Promise<boolean> {
  const texts = await Promise.all(files.map((file) => readFile(path.resolve(root, file), 'utf8').catch(() => '')));
  return texts.some((text) => reachesCells.test(text));
}

async function isUnchanged(input: TrainingInput, signal: AbortSignal): Promise<boolean> {
  const found = await stat(input.path).catch(() => undefined);
  if (found?.isFile() !== true || found.size !== input.size) return false;
  return found.mtimeMs === input.mtimeMs || (await hashFile(input.path, signal)) === input.sha256;
}

function recordFile(folder: string, key: string): string {
  return path.join(folder, 'training', `${key}.json`);
}
