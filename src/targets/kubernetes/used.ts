import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { readJson, writeAtomic } from '../../clients/files/contentStore';
import { shortHash, type Home } from '../../core/home';

/** Ids of the targets that were deployed to from this machine, sorted. */
export async function usedTargets(home: Home): Promise<readonly string[]> {
  const names = await readdir(folderOf(home)).catch(() => []);
  const files = await Promise.all(names.map((name) => readJson(path.join(folderOf(home), name))));
  return files.flatMap((file) => (isNote(file) ? [file.target] : [])).sort();
}

/** Each target is a file of its own, so that windows and terminals never write the same one. */
export async function rememberTarget(home: Home, id: string): Promise<void> {
  await writeAtomic(fileOf(home, id), JSON.stringify({ target: id }));
}

export async function forgetTarget(home: Home, id: string): Promise<void> {
  await rm(fileOf(home, id), { force: true });
}

function folderOf(home: Home): string {
  return path.join(home.root, 'clusters');
}

function fileOf(home: Home, id: string): string {
  return path.join(folderOf(home), `${shortHash(id)}.json`);
}

function isNote(value: unknown): value is { readonly target: string } {
  return typeof value === 'object' && value !== null && 'target' in value && typeof value.target === 'string';
}
