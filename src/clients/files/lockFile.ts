import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * Runs `body` while no other process of this machine runs one under the same lock file.
 * A lock whose process is gone is taken over.
 */
export async function withLock<T>(file: string, body: () => Promise<T>, signal: AbortSignal): Promise<T> {
  await mkdir(path.dirname(file), { recursive: true });
  while (!(await tryLock(file))) await delay(100, undefined, { signal });
  try {
    return await body();
  } finally {
    await rm(file, { force: true });
  }
}

/** Resolves when no living process runs something under the lock file. */
export async function waitForLock(file: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    const text = await readFile(file, 'utf8').catch(() => undefined);
    // An empty file belongs to somebody who is just writing his number into it.
    if (text === undefined || (text !== '' && !isAlive(Number(text)))) return;
    await delay(50, undefined, { signal });
  }
}

async function tryLock(file: string): Promise<boolean> {
  try {
    await writeFile(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    const holder = Number(await readFile(file, 'utf8').catch(() => ''));
    if (holder > 0 && !isAlive(holder)) await rm(file, { force: true });
    return false;
  }
}

/** Whether a process of this machine runs under that id. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
