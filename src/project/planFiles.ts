import { lstat, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Project } from '../core/project';
import { matches, reasonToLeave, type GuardRules } from './contextGuard';
import { isFolderEntry } from './modelFolder';
import { holdsCredentials } from './findings/credentialFindings';
import { walkProject, type ProjectEntry } from './walkProject';

export interface PlannedFile {
  /** Relative to the project's root, POSIX separators. */
  readonly path: string;
  readonly bytes: number;
}

export interface FilePlan {
  readonly files: readonly PlannedFile[];
  /** Every file and folder that stays behind, with the reason; folders end in `/`. */
  readonly leftOut: readonly { readonly path: string; readonly reason: string }[];
}

type Guarded = Pick<Project, 'root' | 'config' | 'dataFiles' | 'localModules' | 'entry'>;

/** Which of a project's files travel in its bundle, sorted by path. Symbolic links that leave the project never do. */
export async function planFiles(project: Guarded, signal: AbortSignal): Promise<FilePlan> {
  // A model without some of its files would fail where nobody sees why.
  const walk = await walkProject(project.root, signal, Infinity);
  const root = await realpath(project.root);
  const rules = rulesOf(project);
  const files: PlannedFile[] = [];
  const leftOut: { path: string; reason: string }[] = [...walk.skipped];
  for (const entry of walk.entries) {
    signal.throwIfAborted();
    const seen = await lookAt(root, entry);
    const reason =
      seen.kind === 'refused'
        ? seen.reason
        : (reasonToLeave(entry.path, seen.bytes, rules) ??
          leftByTraining(project, entry.path) ??
          (await credentialReason(root, entry.path)));
    if (reason !== undefined) leftOut.push({ path: entry.path, reason });
    else if (seen.kind === 'file') files.push({ path: entry.path, bytes: seen.bytes });
  }
  leftOut.sort((left, right) => (left.path < right.path ? -1 : 1));
  return { files, leftOut };
}

/** What the Trainer of transformers saves beside a model; the optimizer's state is twice as large as the model. */
const ofTraining =
  /^(?:(?:optimizer|scheduler|scaler)\.(?:pt|bin)|rng_state(?:_\d+)?\.pth|training_args\.bin|trainer_state\.json)$/;

function leftByTraining({ entry, dataFiles, config }: Guarded, file: string): string | undefined {
  if (entry.kind !== 'transformers' || !ofTraining.test(path.posix.basename(file))) return undefined;
  const isWanted = dataFiles.includes(file) || (config.include ?? []).some((pattern) => matches(pattern, file));
  return isWanted ? undefined : 'state of a training, which an answer does not need';
}

async function credentialReason(root: string, file: string): Promise<string | undefined> {
  return (await holdsCredentials(root, file)) ? 'it names a password in the address of a package' : undefined;
}

function rulesOf(project: Guarded): GuardRules {
  const { entry } = project;
  const served = servedFiles(entry);
  return {
    include: project.config.include ?? [],
    exclude: project.config.exclude ?? [],
    referenced: [...project.dataFiles, ...project.localModules, ...served],
  };
}

function servedFiles(entry: Project['entry']): readonly string[] {
  if (entry.kind === 'modelFile' || isFolderEntry(entry)) return [entry.path];
  // What a Dockerfile copies is told by nothing but itself and .dockerignore.
  return entry.kind === 'dockerfile' ? ['.'] : [];
}

type Seen = { readonly kind: 'file'; readonly bytes: number } | { readonly kind: 'refused'; readonly reason: string };

async function lookAt(root: string, entry: ProjectEntry): Promise<Seen> {
  const file = path.join(root, entry.path);
  try {
    if (entry.kind === 'file') return { kind: 'file', bytes: (await lstat(file)).size };
    const target = await realpath(file);
    const inside = path.relative(root, target);
    if (inside.startsWith('..') || path.isAbsolute(inside))
      return { kind: 'refused', reason: 'link that leaves the project' };
    // What it points to is in the project and is judged under its own name; the link must not be a way around that.
    const blocked = reasonToLeave(inside.split(path.sep).join('/'), 0, { include: [], exclude: [], referenced: [] });
    if (blocked !== undefined) return { kind: 'refused', reason: `link to a file that stays behind (${blocked})` };
    const found = await stat(target);
    return found.isFile() ? { kind: 'file', bytes: found.size } : { kind: 'refused', reason: 'link to a folder' };
  } catch {
    return { kind: 'refused', reason: entry.kind === 'link' ? 'broken link' : 'unreadable' };
  }
}
