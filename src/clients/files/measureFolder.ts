import { lstat, readdir } from 'node:fs/promises';
import path from 'node:path';

/** What a folder holds. Files with several names on the disk (hard links) are counted once and remembered. */
export interface FolderSize {
  readonly bytes: number;
  /** Bytes of the files that have no name elsewhere on the disk. */
  readonly own: number;
  readonly linked: ReadonlyMap<string, LinkedFile>;
}

interface LinkedFile {
  readonly bytes: number;
  /** Names on the whole disk. */
  readonly names: number;
  /** Names in this folder. */
  readonly here: number;
}

/** Walks a folder without following links; one that is absent is empty, and what vanishes meanwhile is not counted. */
export async function measureFolder(folder: string, signal: AbortSignal): Promise<FolderSize> {
  const linked = new Map<string, LinkedFile>();
  const folders = [folder];
  let own = 0;
  for (let next = folders.pop(); next !== undefined; next = folders.pop()) {
    signal.throwIfAborted();
    const entries = await readdir(next, { withFileTypes: true }).catch(() => []);
    const at = next;
    folders.push(...entries.filter((entry) => entry.isDirectory()).map((entry) => path.join(at, entry.name)));
    const files = entries
      .filter((entry) => !entry.isDirectory())
      .map((entry) => lstat(path.join(at, entry.name)).catch(() => undefined));
    for (const found of await Promise.all(files)) {
      if (found === undefined) continue;
      if (found.nlink <= 1) own += found.size;
      else {
        const key = `${String(found.dev)}:${String(found.ino)}`;
        linked.set(key, { bytes: found.size, names: found.nlink, here: (linked.get(key)?.here ?? 0) + 1 });
      }
    }
  }
  return { own, linked, bytes: own + sum([...linked.values()].map((one) => one.bytes)) };
}

/** Bytes that the disk gains when all these folders go: a file with names elsewhere stays. */
export function freedBy(sizes: readonly FolderSize[]): number {
  const linked = new Map<string, LinkedFile>();
  for (const [key, one] of sizes.flatMap((size) => [...size.linked]))
    linked.set(key, { ...one, here: one.here + (linked.get(key)?.here ?? 0) });
  const gone = [...linked.values()].filter((one) => one.here >= one.names);
  return sum(sizes.map((size) => size.own)) + sum(gone.map((one) => one.bytes));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
