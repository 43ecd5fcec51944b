import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { isAlive } from '../clients/files/lockFile';
import type { Home } from '../core/home';

/**
 * Runs a build of an image so that Free Space leaves alone what it works with: bundles and layers that no release names.
 * Begin it before waiting for Free Space to be over; then one of the two always sees the other.
 */
export async function whileBuilding<T>(home: Home, body: () => Promise<T>): Promise<T> {
  const mark = path.join(folderOf(home), `${String(process.pid)}-${randomBytes(4).toString('hex')}`);
  await mkdir(path.dirname(mark), { recursive: true });
  await writeFile(mark, '');
  try {
    return await body();
  } finally {
    await rm(mark, { force: true });
  }
}

/** Whether somebody builds an image. What an interrupted build has left does not count. */
export async function isBuilding(home: Home): Promise<boolean> {
  const marks = await readdir(folderOf(home)).catch(() => []);
  return marks.some((mark) => isAlive(Number(mark.split('-')[0])));
}

function folderOf(home: Home): string {
  return path.join(home.root, 'building');
}
