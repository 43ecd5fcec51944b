import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { EntryPoint, FolderKind } from '../core/project';

export type FolderEntry = Extract<EntryPoint, { kind: FolderKind }>;

export function isFolderEntry(entry: EntryPoint): entry is FolderEntry {
  return entry.kind === 'mlmodel' || entry.kind === 'spacy';
}

/** The model that a library saved into a folder of the project; undefined for any other folder. */
export async function folderEntry(
  root: string,
  folder: string,
  files: readonly string[],
): Promise<FolderEntry | undefined> {
  const has = (name: string): boolean => files.includes(path.posix.join(folder, name));
  if (has('MLmodel')) return { kind: 'mlmodel', path: folder };
  if (!has('config.cfg') || (await spacyMeta(root, folder)) === undefined) return undefined;
  return { kind: 'spacy', path: folder };
}

/** Folders with a model of spaCy. */
export async function spacyFolders(root: string, files: readonly string[]): Promise<readonly FolderEntry[]> {
  const named = files
    .filter((file) => path.posix.basename(file) === 'meta.json')
    .map((file) => path.posix.dirname(file));
  const found = await Promise.all(named.map((folder) => folderEntry(root, folder, files)));
  return found.flatMap((entry) => (entry?.kind === 'spacy' ? [entry] : []));
}

/** What spaCy says of a model that it saved. @see https://spacy.io/api/data-formats#meta */
export interface SpacyMeta {
  /** Versions that can load it: `>=3.8.0,<3.9.0`. */
  readonly spacy: string;
  /** Packages with components of it. */
  readonly requirements: readonly string[];
}

const versions = /^[<>=!~\d.,* ]+$/;
const requirement = /^[A-Za-z0-9][\w.-]*(?:\[[\w, -]+\])?[<>=!~\d.,* ]*$/;

/** Undefined where the folder has no meta.json of spaCy. */
export async function spacyMeta(root: string, folder: string): Promise<SpacyMeta | undefined> {
  const text = await readFile(path.join(root, folder, 'meta.json'), 'utf8').catch(() => '');
  const { lang, spacy_version: spacy, requirements } = asObject(text);
  if (typeof lang !== 'string' || typeof spacy !== 'string' || !versions.test(spacy)) return undefined;
  const listed: readonly unknown[] = Array.isArray(requirements) ? requirements : [];
  const isRequirement = (one: unknown): one is string => typeof one === 'string' && requirement.test(one);
  return { spacy, requirements: listed.filter(isRequirement) };
}

function asObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
