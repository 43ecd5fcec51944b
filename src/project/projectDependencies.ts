import { valid } from '@renovatebot/pep440';
import path from 'node:path';
import { mayFit } from '../clients/python/pythonRange';
import type { Dependencies, EntryPoint, Finding, ProjectConfig, PythonRequirement, Requirement } from '../core/project';
import { asOf } from './asOf';
import { gatherRequirements, type ChosenSource, type Gathered } from './dependencies';
import { importedModules } from './dependencies/inferRequirements';
import { isPinned, normalName, publicVersion, requirementName } from './dependencies/requirement';
import type { CodeFacts, InstalledPackages, NotebookFacts } from './facts';
import { modelNeeds } from './modelNeeds';
import type { InspectTools } from './tools';
import { environmentAt, usualPlaces, type PythonEnvironment } from './pythonEnvironment';

/** A project whose code was read. */
export interface ReadProject {
  readonly root: string;
  readonly entry: EntryPoint;
  readonly notebook: NotebookFacts | undefined;
  readonly reached: readonly CodeFacts[];
  /** Folders in which files of the project are looked for, relative to the root: the entry's own first. */
  readonly folders: readonly string[];
  readonly chosen: ChosenSource;
  readonly config: ProjectConfig;
  readonly python: PythonRequirement;
}

/** What reading the dependencies takes from outside. */
export interface DependencyOptions {
  readonly tools: InspectTools;
  /** Environments of this machine that a notebook or program may run in, the likeliest first: their folder, or their Python. */
  readonly environments?: (file: string) => Promise<readonly string[]>;
}

interface ProjectDependencies {
  readonly dependencies: Dependencies;
  readonly problems: readonly Finding[];
}

/**
 * What a project needs, and the versions that it runs with on this machine: of the first environment that has its Python
 * and most of what it needs. Where there is none, what is open is solved as of the last change.
 */
export async function projectDependencies(
  read: ReadProject,
  options: DependencyOptions,
  signal: AbortSignal,
): Promise<ProjectDependencies> {
  const { python } = read;
  for (const place of await placesOf(read, options)) {
    const environment = await environmentAt(place);
    if (environment === undefined || !isFor(environment, python)) continue;
    const request = { imports: importedModules(read.reached), folders: environment.packages };
    const installed = await options.tools.installed(request, signal);
    const gathered = await gather(read, environment.minor, installed, options, signal);
    if (!holdsMost(installed, gathered.requirements)) continue;
    const { dependencies, problems } = await dated(read, gathered, options, signal);
    const used = {
      name: nameOf(read.root, environment),
      python: environment.minor,
      pins: pinsOf(installed, gathered.requirements),
    };
    return { dependencies: { ...dependencies, environment: used }, problems };
  }
  return dated(read, await gather(read, python.version, null, options, signal), options, signal);
}

/** None where a lock names all versions, or slipway.yaml their date. */
async function placesOf(read: ReadProject, { environments }: DependencyOptions): Promise<readonly string[]> {
  const { root, folders, chosen, config } = read;
  if (chosen.source.kind === 'lock' || config.asOf !== undefined) return [];
  const named = (await environments?.(path.join(root, codeFile(read) ?? ''))) ?? [];
  return [...named, ...usualPlaces(folders.map((folder) => path.join(root, folder)))];
}

/** One of another Python did not run this code last. */
function isFor({ minor }: PythonEnvironment, { version, specifier }: PythonRequirement): boolean {
  if (version !== undefined) return version === minor;
  return specifier === undefined || mayFit(minor, specifier);
}

/** One that has little of what the code needs is there for something else. */
function holdsMost({ imports, versions, urls }: InstalledPackages, requirements: readonly Requirement[]): boolean {
  const required = requirements.flatMap((one) => requirementName(one.spec) ?? []);
  const imported = Object.values(imports).flatMap(([first]) => (first === undefined ? [] : [normalName(first.name)]));
  const names = new Set([...required, ...imported]);
  const held = [...names].filter((name) => name in versions || name in urls);
  return held.length > 0 && held.length * 2 >= names.size;
}

async function gather(
  { root, entry, chosen, reached, config }: ReadProject,
  python: string | undefined,
  installed: InstalledPackages | null,
  { tools }: DependencyOptions,
  signal: AbortSignal,
): Promise<Gathered> {
  const request = { root, chosen, code: reached, installed, python, config };
  const gathered = await gatherRequirements(request, tools, signal);
  const needs = chosen.source.kind === 'inferred' ? await modelNeeds(root, entry, signal) : [];
  return { ...gathered, requirements: [...gathered.requirements, ...needs] };
}

/** The date matters only where some version is left open; a lock has no requirements here. */
async function dated(
  read: ReadProject,
  { requirements, findings }: Gathered,
  { tools }: DependencyOptions,
  signal: AbortSignal,
): Promise<ProjectDependencies> {
  const { root, notebook, chosen, config } = read;
  const open = requirements.some((one) => !isPinned(one.spec));
  const file = open ? codeFile(read) : undefined;
  const date = file === undefined ? undefined : await asOf(root, file, notebook, config, tools, signal);
  const { source, ignored } = chosen;
  return {
    dependencies: { source, requirements, ignored, ...(date === undefined ? {} : { asOf: date }) },
    problems: findings,
  };
}

function codeFile({ notebook, entry }: ReadProject): string | undefined {
  if (notebook !== undefined) return notebook.path;
  if ('path' in entry) return entry.path;
  return entry.kind === 'app' ? entry.file : undefined;
}

function nameOf(root: string, { folder }: PythonEnvironment): string {
  const relative = path.relative(root, folder).split(path.sep).join('/');
  return relative === '' || relative.startsWith('..') || path.isAbsolute(relative) ? folder : relative;
}

/** What makes environments, and is in each of them. */
const ownTools: ReadonlySet<string> = new Set(['pip', 'setuptools', 'wheel']);

/** Of everything that no requirement pins itself. */
function pinsOf({ versions }: InstalledPackages, requirements: readonly Requirement[]): readonly string[] {
  const pinned = requirements.filter(({ spec }) => isPinned(spec)).map(({ spec }) => requirementName(spec));
  const others = new Set([...ownTools, ...pinned]);
  return Object.entries(versions)
    .filter(([name, version]) => !others.has(name) && valid(version) !== null)
    .map(([name, version]) => `${name}==${publicVersion(version)}`);
}
