import path from 'node:path';
import { UserError } from '../core/errors';
import type { EntryPoint, Finding, FolderEntry, ProjectConfig } from '../core/project';
import { findApp, mlmodelFolders, modelFiles, moduleName, notebookAmbiguous, notebookEntry } from './entryPoint';
import { configuredEntry, type NamedApp, type NamedNotebook } from './configuredEntry';
import { isReadable, type Facts, type NotebookFacts } from './facts';
import { notebookEmpty, notANotebook, unreadable } from './readNotebook';
import { modelFormat } from './modelFormat';
import { folderEntry, isPartOfFolder, savedFolders } from './modelFolder';

export type EntryKind = EntryPoint['kind'];

export interface EntryQuestion {
  readonly root: string;
  /** All files, relative to the root. */
  readonly files: readonly string[];
  /** The file that the user pointed at. */
  readonly file: string | undefined;
  readonly config: ProjectConfig;
  readonly facts: Facts;
  /** Kinds that the target can take; all when undefined. */
  readonly accepts: readonly EntryKind[] | undefined;
}

export interface ChosenEntry {
  readonly entry: EntryPoint;
  readonly findings: readonly Finding[];
}

/**
 * What to serve: the file that the user named, else what slipway.yaml says, else the first that fits of Dockerfile, app,
 * MLmodel, `predict` in a notebook, one model file or folder of spaCy or transformers.
 * @throws UserError NotebookAmbiguous, EntryNotFound, EntryUnsupported, NotebookUnreadable, NotANotebook, NotebookEmpty,
 * ProjectEmpty
 */
export async function chooseEntry(question: EntryQuestion, signal: AbortSignal): Promise<ChosenEntry> {
  const named = await namedEntry(question);
  if (named !== undefined) return { entry: named, findings: [] };
  const accepts = (kind: EntryKind): boolean => question.accepts?.includes(kind) ?? true;
  const written = accepts('dockerfile') ? question.files.find((file) => file === 'Dockerfile') : undefined;
  if (written !== undefined) return { entry: { kind: 'dockerfile', path: written }, findings: [] };
  const app = accepts('app') ? findApp(question.facts, question.files) : undefined;
  if (app !== undefined) return { entry: app, findings: [] };
  const [folder, ...others] = accepts('mlmodel') ? mlmodelFolders(question.files) : [];
  if (folder !== undefined && others.length === 0) return { entry: { kind: 'mlmodel', path: folder }, findings: [] };
  return fromNotebooks(question, signal);
}

async function namedEntry(question: EntryQuestion): Promise<EntryPoint | undefined> {
  const { root, files, file, config, facts } = question;
  if (file?.endsWith('.ipynb'))
    return notebookEntry(notebookFacts(root, facts, file), configuredFunction(config, file));
  if (file !== undefined) return fileEntry(question, file);
  if (config.entry === undefined) return undefined;
  const entry = await configuredEntry(root, config.entry, files);
  if (entry.kind === 'namedNotebook') return configuredNotebook(root, facts, entry);
  return entry.kind === 'namedApp' ? configuredApp(root, facts, files, entry) : entry;
}

/** A file that is no notebook. @throws UserError NotANotebook when it is nothing else that can be served, EntryUnsupported */
async function fileEntry({ root, files, facts }: EntryQuestion, file: string): Promise<EntryPoint> {
  const folder = isPartOfFolder(file)
    ? await folderEntry(root, path.posix.dirname(file), new Set([...files, file]))
    : undefined;
  if (folder !== undefined) return folder;
  const format = await modelFormat(path.join(root, file)).catch(() => undefined);
  if (format !== undefined) return { kind: 'modelFile', path: file, format };
  if (path.posix.basename(file) === 'Dockerfile') return { kind: 'dockerfile', path: file };
  const app = findApp(facts, files);
  if (app?.kind === 'app' && app.file === file) return app;
  throw notANotebook(path.join(root, file));
}

function configuredNotebook(root: string, facts: Facts, entry: NamedNotebook): EntryPoint {
  const chosen = notebookEntry(notebookFacts(root, facts, entry.notebook), entry.name);
  if (chosen.kind === 'notebook' || entry.name === undefined) return chosen;
  throw new UserError(
    'EntryNotFound',
    `The notebook ${JSON.stringify(entry.notebook)} defines no function ${entry.name}.`,
    {
      location: { file: path.join(root, 'slipway.yaml') },
      remedy: { kind: 'hint', label: 'Correct entry in slipway.yaml, or add the function.' },
    },
  );
}

function configuredApp(root: string, facts: Facts, files: readonly string[], entry: NamedApp): EntryPoint {
  const read = facts.modules.find((one) => one.path === entry.app);
  const apps = read !== undefined && 'apps' in read ? read.apps : [];
  const found = apps.find((one) => one.attribute === entry.attribute);
  if (found === undefined) {
    const others = apps.map((one) => one.attribute).join(', ');
    throw new UserError('EntryNotFound', `${entry.app} makes no ASGI or WSGI application named ${entry.attribute}.`, {
      location: { file: path.join(root, entry.app) },
      remedy: {
        kind: 'hint',
        label: others === '' ? 'Correct entry in slipway.yaml.' : `Correct entry in slipway.yaml: it makes ${others}.`,
      },
    });
  }
  const { attribute, protocol } = found;
  return { kind: 'app', module: moduleName(entry.app, files), attribute, protocol, file: entry.app };
}

/** The function that slipway.yaml names for the notebook that the user pointed at. */
function configuredFunction(config: ProjectConfig, file: string): string | undefined {
  const [, notebook, name] = /^(.*\.ipynb):(\w+)$/.exec(config.entry ?? '') ?? [];
  return notebook === file ? name : undefined;
}

async function fromNotebooks(question: EntryQuestion, signal: AbortSignal): Promise<ChosenEntry> {
  const { root, facts, files } = question;
  const readable = facts.notebooks
    .filter(isReadable<NotebookFacts>)
    .filter((one) => one.cells.some((cell) => !cell.empty));
  const serving = readable.filter((one) => one.functions['predict'] !== undefined);
  const [only, ...more] = serving;
  if (only !== undefined && more.length > 0)
    throw notebookAmbiguous(
      root,
      serving.map((one) => one.path),
      'Several notebooks define predict',
    );
  if (only !== undefined) return { entry: notebookEntry(only), findings: [] };
  const { models, refused } = await savedModels(root, files, signal);
  const [model, ...otherModels] = models;
  if (model !== undefined && otherModels.length === 0) return { entry: model, findings: [] };
  const [notebook, ...others] = readable;
  if (notebook === undefined)
    return withoutNotebook(
      question,
      models.map((one) => one.path),
      refused,
    );
  if (others.length > 0)
    throw notebookAmbiguous(
      root,
      readable.map((one) => one.path),
      'There are several notebooks and none defines predict',
    );
  return { entry: notebookEntry(notebook), findings: severalModels(models.map((one) => one.path)) };
}

interface SavedModels {
  readonly models: readonly (FolderEntry | Extract<EntryPoint, { kind: 'modelFile' }>)[];
  /** Why another model cannot be served. */
  readonly refused: UserError | undefined;
}

/** Models that stand alone: folders of spaCy and transformers, and files outside of them. */
async function savedModels(root: string, files: readonly string[], signal: AbortSignal): Promise<SavedModels> {
  const folders = await savedFolders(root, files, signal);
  const apart = files.filter((file) => !folders.has(file));
  return { models: [...folders.entries, ...(await modelFiles(root, apart, signal))], refused: folders.refused[0] };
}

function withoutNotebook(
  { root, facts }: EntryQuestion,
  models: readonly string[],
  refused: UserError | undefined,
): ChosenEntry {
  const broken = facts.notebooks[0];
  if (models.length > 0) return { entry: { kind: 'none' }, findings: severalModels(models) };
  if (refused !== undefined) throw refused;
  if (broken !== undefined) throw notebookProblem(root, facts, broken.path);
  throw new UserError('ProjectEmpty', `${root} holds no notebook, model file or application.`, {
    remedy: { kind: 'hint', label: 'Choose a folder with a notebook or a model.' },
  });
}

function severalModels(models: readonly string[]): readonly Finding[] {
  if (models.length < 2) return [];
  const names = models
    .slice(0, 5)
    .map((one) => JSON.stringify(one))
    .join(', ');
  return [
    {
      code: 'ModelFileAmbiguous',
      severity: 'info',
      message: `The project holds several model files (${names}). Name one as entry in slipway.yaml to serve it.`,
    },
  ];
}

/** Facts of a notebook that was asked for. @throws UserError when it cannot be read */
function notebookFacts(root: string, facts: Facts, file: string): NotebookFacts {
  const found = facts.notebooks.find((one) => one.path === file);
  if (found === undefined || !isReadable<NotebookFacts>(found) || found.cells.every((cell) => cell.empty))
    throw notebookProblem(root, facts, file);
  return found;
}

function notebookProblem(root: string, facts: Facts, file: string): UserError {
  const full = path.join(root, file);
  const found = facts.notebooks.find((one) => one.path === file);
  if (found === undefined || found.error === null) return notebookEmpty(full);
  if (found.error.code === 'NotANotebook') return notANotebook(full);
  const { line } = found.error;
  return line === null
    ? unreadable(full, found.error.message.replace(/\.$/, ''))
    : unreadable(full, 'its JSON is broken', line);
}
