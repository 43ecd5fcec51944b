import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { isAlive } from '../../clients/files/lockFile';
import type { ForwardState } from '../../core/cluster';
import { shortHash, type Home } from '../../core/home';

/** A port of this machine that leads to a model, held by a process of its own. */
export interface HeldForward extends ForwardState {
  readonly target: string;
  readonly model: string;
  /** The process that holds it. */
  readonly pid: number;
}

/** Where the holder of a model writes how it does. It ends when its file is gone, or names another process. */
export function forwardFile(home: Home, target: string, model: string): string {
  return path.join(home.forwards, `${shortHash(`${target}/${model}`)}.json`);
}

/** What is held now. */
export async function heldForwards(home: Home): Promise<readonly HeldForward[]> {
  const names = await readdir(home.forwards).catch(() => []);
  const files = names.filter((name) => name.endsWith('.json')).sort();
  const read = await Promise.all(files.map((name) => readForward(path.join(home.forwards, name))));
  return read.filter((one) => one !== undefined && isAlive(one.pid)) as readonly HeldForward[];
}

/** What was written last, by a holder that may be gone. */
export async function readForward(file: string): Promise<HeldForward | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as HeldForward;
  } catch {
    return undefined;
  }
}

export async function writeForward(file: string, forward: HeldForward): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  const draft = `${file}.${String(forward.pid)}`;
  await writeFile(draft, JSON.stringify(forward));
  await rename(draft, file);
}

/** Ends holding. @returns whether the model's port was held */
export async function stopForward(home: Home, target: string, model: string): Promise<boolean> {
  const file = forwardFile(home, target, model);
  const held = await readForward(file);
  await rm(file, { force: true });
  return held !== undefined && isAlive(held.pid);
}

/** Whether it answers now; nothing else is shown as an address. */
export function isOpen(forward: HeldForward | undefined): forward is HeldForward {
  return forward?.phase === 'active' && isAlive(forward.pid);
}
