import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { withLock } from '../../src/clients/files/lockFile';

/**
 * The folder for what the tools of this repository download: outside the checkout, so that the next clone is quick.
 * `SLIPWAY_CACHE` names another one. An absolute path; the folder need not exist.
 */
export function cacheFolder(): string {
  const { SLIPWAY_CACHE: chosen, XDG_CACHE_HOME: xdg } = process.env;
  return chosen ? path.resolve(chosen) : path.join(xdg ? path.resolve(xdg) : platformCache(), 'slipway-dev');
}

function platformCache(): string {
  if (process.platform === 'darwin') return path.join(homedir(), 'Library', 'Caches');
  if (process.platform === 'win32') return process.env['LOCALAPPDATA'] ?? path.join(homedir(), 'AppData', 'Local');
  return path.join(homedir(), '.cache');
}

/** Of a stamp, for the names of folders that may stand beside one another. */
export function shortHash(stamp: string): string {
  return createHash('sha256').update(stamp).digest('hex').slice(0, 12);
}

/** A folder that was filled under that stamp, as an absolute path; undefined when there is none. */
export function inCache(name: string, stamp: string): string | undefined {
  const folder = path.join(cacheFolder(), name);
  const mark = path.join(folder, '.complete');
  return existsSync(mark) && readFileSync(mark, 'utf8') === stamp ? folder : undefined;
}

/**
 * Fills one folder of the cache once, whoever asks first; the others wait. What was left half filled, or was filled
 * under another stamp, is emptied and filled again.
 * @param stamp says what the folder holds: versions, a hash of requirements
 * @returns the folder's absolute path
 */
export async function cached(
  name: string,
  stamp: string,
  fill: (folder: string) => Promise<void>,
  signal: AbortSignal = new AbortController().signal,
): Promise<string> {
  const folder = path.join(cacheFolder(), name);
  const isComplete = (): boolean => inCache(name, stamp) !== undefined;
  if (isComplete()) return folder;
  await withLock(
    `${folder}.lock`,
    async () => {
      if (isComplete()) return;
      await rm(folder, { recursive: true, force: true });
      await mkdir(folder, { recursive: true });
      await fill(folder);
      await writeFile(path.join(folder, '.complete'), stamp);
    },
    signal,
  );
  return folder;
}
