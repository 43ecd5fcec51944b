import { lstat, readdir, readlink } from 'node:fs/promises';
import path from 'node:path';
import { exists, readJson } from '../clients/files/contentStore';
import type { Home } from '../core/home';
import { isBuilding } from './buildsUnderWay';

/** A part of the home folder that takes space. */
export interface SpaceItem {
  /** Relative to the home folder with POSIX separators. */
  readonly id: string;
  readonly kind: SpaceKind;
  readonly folder: string;
  /** Who needs it: `iris v3`. Only what nobody needs may be deleted. */
  readonly usedBy: readonly string[];
  /** What it is, and what deleting it costs later. */
  readonly note: string;
}

export type SpaceKind =
  'environment' | 'support' | 'bundle' | 'artifact' | 'wheels' | 'images' | 'byteCode' | 'model' | 'tools' | 'trash';

/** A release file names what it runs; one that cannot be read may name anything. */
interface References {
  readonly releases: readonly { readonly name: string; readonly paths: readonly string[] }[];
  readonly unreadable: readonly string[];
}

/** Everything in the home folder that costs space and who needs it. Reads only; sizes are measured apart, since that takes long. */
export async function listSpace(home: Home, signal: AbortSignal): Promise<readonly SpaceItem[]> {
  const references = await readReferences(home);
  const trained = await readTrainings(home);
  signal.throwIfAborted();
  const content = (kind: SpaceKind, folder: string, note: Note): Promise<readonly SpaceItem[]> =>
    contentItems(home, references, kind, folder, note);
  const groups = await Promise.all([
    content('environment', home.environments, againNote('Installed packages')),
    content('support', home.support, againNote('Kernel and server')),
    content('bundle', home.bundles, (_, used) =>
      used ? 'What a release runs: files, lock and trained state' : 'Bundle of a release that is no longer kept',
    ),
    content('artifact', home.artifacts, (name) => artifactNote(trained.get(name))),
    wheelItems(home),
    single(home, 'images', home.images, [], 'Layers of images; made and downloaded again by the next build'),
    single(home, 'byteCode', home.bytecode, [], 'Compiled modules; compiled again where they are imported'),
    modelItems(home),
    single(home, 'tools', home.tools, ['Slipway'], 'uv, the notebook runner and the Pythons that uv installed'),
    single(home, 'trash', trashFolder(home), [], 'Left over from an earlier Free Space'),
  ]);
  const items = groups.flat();
  return (await isBuilding(home)) ? items.map(forBuild) : items;
}

/** A build works with what no release names yet. */
function forBuild(item: SpaceItem): SpaceItem {
  return item.kind === 'trash' ? item : { ...item, usedBy: [...item.usedBy, 'an image that is being built'] };
}

/** What a folder is; only of one that may go, what deleting it costs. */
type Note = (name: string, used: boolean) => string;

function againNote(what: string): Note {
  return (_, used) => (used ? what : `${what}; installed again when a project needs them`);
}

export function trashFolder(home: Home): string {
  return path.join(home.root, 'trash');
}

/** Folders named by their content, such as environments. `solved` beside them holds text only. */
async function contentItems(
  home: Home,
  references: References,
  kind: SpaceKind,
  folder: string,
  note: Note,
): Promise<readonly SpaceItem[]> {
  const names = (await foldersIn(folder)).filter((name) => name !== 'solved');
  const parent = path.basename(folder);
  return names.map((name) => {
    const users = usersOf(references, parent, name);
    const left = name.endsWith('.tmp') && users.length === 0;
    const told = left ? 'Left over from a deploy that was interrupted' : note(name, users.length > 0);
    return item(home, kind, path.join(folder, name), users, told);
  });
}

/** Names carry content hashes, so they are compared and not the whole path: the home folder may be reached by another one. */
function usersOf(references: References, parent: string, name: string): readonly string[] {
  const users = references.releases
    .filter((release) => release.paths.some((one) => holds(one, parent, name)))
    .map((release) => release.name);
  return [...users, ...references.unreadable];
}

function holds(file: string, parent: string, name: string): boolean {
  const parts = file.split(/[/\\]/);
  return parts.some((part, index) => part === name && parts[index - 1] === parent);
}

async function readReferences(home: Home): Promise<References> {
  const releases: { readonly name: string; readonly paths: readonly string[] }[] = [];
  const unreadable: string[] = [];
  for (const model of await foldersIn(home.models)) {
    const folder = path.join(home.model(model), 'releases');
    const files = (await readdir(folder).catch(() => [])).filter((file) => file.endsWith('.json'));
    const current = await currentRelease(home, model);
    if (current !== undefined && !files.includes(`${current}.json`))
      unreadable.push(`${model} v${current} (its file is missing)`);
    for (const file of files) {
      const name = `${model} v${path.basename(file, '.json')}`;
      const paths = pathsIn(await readJson(path.join(folder, file)));
      if (paths === undefined) unreadable.push(`${name} (its file cannot be read)`);
      else releases.push({ name, paths });
    }
  }
  return { releases, unreadable };
}

/** The release that a model runs by its state; its file may be gone while its processes are not. */
async function currentRelease(home: Home, model: string): Promise<string | undefined> {
  const state = await readJson(path.join(home.model(model), 'state.json'));
  const release =
    typeof state === 'object' && state !== null ? (state as { readonly release?: unknown }).release : undefined;
  return typeof release === 'number' ? String(release) : undefined;
}

function pathsIn(release: unknown): readonly string[] | undefined {
  if (typeof release !== 'object' || release === null) return undefined;
  const { bundle, python, support } = release as Readonly<Record<string, unknown>>;
  const paths = [bundle, python, support].filter((one) => typeof one === 'string');
  return paths.length === 3 ? paths : undefined;
}

/** Projects by the artifact that they would use again. */
async function readTrainings(home: Home): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  const projects = path.join(home.root, 'projects');
  for (const project of await foldersIn(projects)) {
    const folder = path.join(projects, project, 'training');
    for (const file of await readdir(folder).catch(() => [])) {
      const record = await readJson(path.join(folder, file));
      const artifact =
        typeof record === 'object' && record !== null
          ? (record as { readonly artifact?: unknown }).artifact
          : undefined;
      if (typeof artifact === 'string')
        found.set(path.basename(path.dirname(artifact)), project.replace(/-[0-9a-f]{10}$/, ''));
    }
  }
  return found;
}

function artifactNote(project: string | undefined): string {
  if (project === undefined) return 'Result of a training that failed or was replaced';
  return `Result of a training of ${project}; its notebook is executed again when it is needed`;
}

async function wheelItems(home: Home): Promise<readonly SpaceItem[]> {
  const environments = await foldersIn(home.environments);
  const linked = await Promise.all(
    environments.map(async (name) =>
      (await isLinkedInto(path.join(home.environments, name), home.wheels)) ? [name] : [],
    ),
  );
  return single(
    home,
    'wheels',
    home.wheels,
    linked.flat(),
    'Downloaded packages; downloaded again when a project needs them',
  );
}

/** uv can be told to fill environments with symbolic links into its cache; then the cache is part of them. */
async function isLinkedInto(environment: string, cache: string): Promise<boolean> {
  for (const site of await sitePackages(environment)) {
    const metadata = (await readdir(site).catch(() => []))
      .filter((name) => name.endsWith('.dist-info'))
      .map((name) => path.join(site, name, 'METADATA'));
    for (const file of metadata.slice(0, 3)) {
      const found = await lstat(file).catch(() => undefined);
      if (found?.isSymbolicLink() === true && (await readlink(file)).startsWith(cache)) return true;
    }
  }
  return false;
}

async function sitePackages(environment: string): Promise<readonly string[]> {
  const versions = await readdir(path.join(environment, 'lib')).catch(() => []);
  return [
    ...versions.map((version) => path.join(environment, 'lib', version, 'site-packages')),
    path.join(environment, 'Lib', 'site-packages'),
  ];
}

async function modelItems(home: Home): Promise<readonly SpaceItem[]> {
  return (await foldersIn(home.models)).map((name) =>
    item(home, 'model', home.model(name), [name], 'Releases, state and logs; freed when the model is removed'),
  );
}

async function single(
  home: Home,
  kind: SpaceKind,
  folder: string,
  usedBy: readonly string[],
  note: string,
): Promise<readonly SpaceItem[]> {
  return (await exists(folder)) ? [item(home, kind, folder, usedBy, note)] : [];
}

function item(home: Home, kind: SpaceKind, folder: string, usedBy: readonly string[], note: string): SpaceItem {
  return { id: path.relative(home.root, folder).split(path.sep).join('/'), kind, folder, usedBy, note };
}

async function foldersIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}
