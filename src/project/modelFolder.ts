import path from 'node:path';
import { isUserError, type UserError } from '../core/errors';
import type { EntryPoint, FolderEntry } from '../core/project';
import { membersOf, readJson } from './jsonFile';
import { pretrainedEntry, weightsNames } from './pretrained';

/** Files that tell a folder with a model. */
const described = /^(?:meta|config|modules)\.json$/;

export function isFolderEntry(entry: EntryPoint): entry is FolderEntry {
  return entry.kind === 'mlmodel' || entry.kind === 'spacy' || entry.kind === 'transformers';
}

/** Whether a file is one of those that make a model together with others of its folder. */
export function isPartOfFolder(file: string): boolean {
  const name = path.posix.basename(file);
  return ['MLmodel', 'config.cfg', ...weightsNames].includes(name) || described.test(name);
}

/**
 * The model that a library saved into a folder of the project; undefined for any other folder.
 * @throws UserError EntryUnsupported for a model of transformers that cannot be served as it is
 */
export async function folderEntry(
  root: string,
  folder: string,
  files: ReadonlySet<string>,
): Promise<FolderEntry | undefined> {
  const has = (name: string): boolean => files.has(path.posix.join(folder, name));
  if (has('MLmodel')) return { kind: 'mlmodel', path: folder };
  if (has('config.cfg') && (await spacyMeta(root, folder)) !== undefined) return { kind: 'spacy', path: folder };
  return pretrainedEntry(root, folder, has);
}

export interface SavedFolders {
  readonly entries: readonly FolderEntry[];
  /** Why models of other folders cannot be served as they are. */
  readonly refused: readonly UserError[];
  /** Whether a file belongs to one of these models, served or refused. */
  has(file: string): boolean;
}

/** Folders with a model of spaCy or transformers. What lies in another such folder is a part of it. */
export async function savedFolders(root: string, files: readonly string[], signal: AbortSignal): Promise<SavedFolders> {
  const known = new Set(files);
  const entries: FolderEntry[] = [];
  const refused: UserError[] = [];
  const paths: string[] = [];
  const has = (file: string): boolean => paths.some((one) => one === '.' || file.startsWith(`${one}/`));
  for (const folder of outerFirst(files)) {
    signal.throwIfAborted();
    if (has(`${folder}/`)) continue;
    const found = await folderEntry(root, folder, known).catch(refusal);
    if (found === undefined || ('kind' in found && found.kind === 'mlmodel')) continue;
    paths.push(folder);
    if ('kind' in found) entries.push(found);
    else refused.push(found);
  }
  return { entries, refused, has };
}

function outerFirst(files: readonly string[]): readonly string[] {
  const named = files
    .filter((file) => described.test(path.posix.basename(file)))
    .map((file) => path.posix.dirname(file));
  const depth = (folder: string): number => (folder === '.' ? 0 : folder.split('/').length);
  return [...new Set(named)].sort((left, right) => depth(left) - depth(right));
}

function refusal(error: unknown): UserError {
  if (isUserError(error)) return error;
  throw error;
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
  const meta = membersOf(await readJson(path.join(root, folder, 'meta.json')));
  const { lang, spacy_version: spacy, requirements } = meta;
  if (typeof lang !== 'string' || typeof spacy !== 'string' || !versions.test(spacy)) return undefined;
  const listed: readonly unknown[] = Array.isArray(requirements) ? requirements : [];
  const isRequirement = (one: unknown): one is string => typeof one === 'string' && requirement.test(one);
  return { spacy, requirements: listed.filter(isRequirement) };
}
