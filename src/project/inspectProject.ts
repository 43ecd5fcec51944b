import path from 'node:path';
import { withoutCredentialsIn } from '../core/credentials';
import type {
  Dependencies,
  EntryPoint,
  ExecutionFacts,
  Finding,
  Inspection,
  Project,
  PythonRequirement,
} from '../core/project';
import { isFolderEntry } from './modelFolder';
import { chooseEntry, type EntryKind } from './chooseEntry';
import { readConfig } from './config';
import { secretReason } from './contextGuard';
import { chooseSource } from './dependencies';
import { draftPredict } from './draftPredict';
import { appCandidates } from './entryPoint';
import { isReadable, type CodeFacts, type Facts, type ModuleFacts, type NotebookFacts } from './facts';
import { credentialFindings } from './findings/credentialFindings';
import { locate } from './findings/locate';
import { moduleFindings, notebookFindings } from './findings/notebookFindings';
import { projectDependencies, type DependencyOptions } from './projectDependencies';
import { projectName } from './projectName';
import { findProject, type Subject } from './projectRoot';
import { pythonRequirement } from './pythonVersion';
import { readNotebook } from './readNotebook';
import { walkProject } from './walkProject';

export interface InspectOptions extends DependencyOptions {
  /** The notebook to serve, relative to the project, where the user was asked. */
  readonly notebook?: string;
  /** Kinds of entry that the target takes; all by default. */
  readonly accepts?: readonly EntryKind[];
  /** Names of files that are passed over. */
  readonly without?: readonly string[];
}

/** Notebooks beyond this are listed and not read. */
const mostNotebooks = 200;

/**
 * Reads a project: a folder, or a notebook, model file or application in one. Nothing of it is executed.
 * @throws UserError ProjectNotFound, ProjectEmpty, NotebookAmbiguous (candidates in its details), NotebookUnreadable,
 * NotANotebook, NotebookEmpty, ConfigInvalid, EntryNotFound, DependencyFileInvalid, InspectorFailed
 */
export async function inspectProject(
  subject: string,
  options: InspectOptions,
  signal: AbortSignal,
): Promise<Inspection> {
  const found = await findProject(subject, signal);
  const { root } = found;
  const file = options.notebook ?? found.file;
  const [config, walk] = await Promise.all([readConfig(root, signal), walkProject(root, signal)]);
  const files = listed(
    walk.entries
      .map((entry) => entry.path)
      .filter((name) => options.without?.includes(path.posix.basename(name)) !== true),
    found,
  );
  const notebooks = files.filter((one) => one.endsWith('.ipynb'));
  // The one that the user pointed at is read first: broken JSON is told without any Python.
  if (file?.endsWith('.ipynb')) await readNotebook(path.join(root, file), signal);
  const facts = await readFacts(root, files, notebooks, file, config.entry, options, signal);
  const { entry, findings } = await chooseEntry({ root, files, file, config, facts, accepts: options.accepts }, signal);
  const notebook = notebookOf(entry, facts);
  const reached = reachedCode(facts, entry, notebook);
  const folders = entryFolders(entry);
  const chosen = await chooseSource(root, files, folders, signal);
  const python = await pythonRequirement(
    { root, folders, config, chosen, notebook: notebook?.pythonVersion ?? undefined },
    signal,
  );
  const read = { root, entry, notebook, reached, folders, chosen, config, python };
  const { dependencies, problems } = await projectDependencies(read, options, signal);
  const modules = reached.filter((one): one is ModuleFacts => 'inside' in one);
  const project: Project = {
    name: config.name ?? projectName(path.basename(root)),
    root,
    entry,
    notebooks,
    python: pythonOf(python, dependencies),
    dependencies,
    dataFiles: dataFiles(reached),
    localModules: modules
      .filter((one) => one.inside)
      .map((one) => one.path)
      .sort(),
    sysPath: sysPath(root, files, entry, reached),
    config,
    ...(notebook === undefined ? {} : { execution: execution(root, notebook) }),
  };
  return withoutCredentialsIn({
    project,
    findings: [
      ...findings,
      ...(await credentialFindings(root, dependencies)),
      ...(await ofNotebook(root, entry, notebook, signal)),
      ...moduleFindings(root, modules),
      ...problems,
      ...secretFileFindings(files),
    ],
  });
}

/** A notebook that was named counts although it lies where the walk does not enter. */
function listed(files: readonly string[], subject: Subject): readonly string[] {
  return subject.file === undefined || files.includes(subject.file) ? files : [...files, subject.file];
}

async function readFacts(
  root: string,
  files: readonly string[],
  notebooks: readonly string[],
  file: string | undefined,
  entry: string | undefined,
  options: InspectOptions,
  signal: AbortSignal,
): Promise<Facts> {
  const wanted = file?.endsWith('.ipynb') ? [file] : notebooks.slice(0, mostNotebooks);
  const modules = file === undefined ? await appFiles(root, files, entry, signal) : file.endsWith('.py') ? [file] : [];
  return options.tools.runFacts({ root, notebooks: wanted, modules }, signal);
}

/** What may make an application, and the file that slipway.yaml names, whatever is in it. */
async function appFiles(
  root: string,
  files: readonly string[],
  entry: string | undefined,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const found = await appCandidates(root, files, signal);
  const named = files.find((one) => one.endsWith('.py') && entry?.startsWith(`${one}:`));
  return named === undefined || found.includes(named) ? found : [...found, named];
}

function notebookOf(entry: EntryPoint, facts: Facts): NotebookFacts | undefined {
  const name = entry.kind === 'notebook' || entry.kind === 'none' ? entry.notebook : undefined;
  return facts.notebooks.filter(isReadable<NotebookFacts>).find((one) => one.path === name);
}

/** The entry's own code and the local modules that it imports, directly or through others. */
function reachedCode(facts: Facts, entry: EntryPoint, notebook: NotebookFacts | undefined): readonly CodeFacts[] {
  const modules = new Map(facts.modules.filter(isReadable<ModuleFacts>).map((one) => [one.path, one]));
  const start = notebook ?? (entry.kind === 'app' ? modules.get(entry.file) : undefined);
  if (start === undefined) return [];
  const reached = new Set<CodeFacts>([start]);
  // A Set hands out what is added while it is walked.
  for (const code of reached) {
    for (const file of code.imports.flatMap((one) => one.files)) {
      const module = modules.get(file);
      if (module !== undefined) reached.add(module);
    }
  }
  return [...reached];
}

/** Folders in which dependency and version files are looked for, relative to the root: the entry's own first. */
function entryFolders(entry: EntryPoint): readonly string[] {
  const file =
    entry.kind === 'notebook' || entry.kind === 'none' ? entry.notebook : entry.kind === 'app' ? entry.file : undefined;
  // MLflow writes requirements.txt and conda.yaml into the model's own folder.
  const folder = isFolderEntry(entry) ? entry.path : file === undefined ? '.' : path.posix.dirname(file);
  return folder === '.' ? [''] : [folder, ''];
}

function dataFiles(code: readonly CodeFacts[]): readonly string[] {
  const written = new Set(
    code.flatMap((one) => one.paths.filter((fact) => fact.mode === 'write').map((fact) => fact.path)),
  );
  const read = code.flatMap((one) =>
    one.paths.flatMap((fact) =>
      fact.mode !== 'write' && fact.file !== null && fact.file !== '.' && !written.has(fact.path) ? [fact.file] : [],
    ),
  );
  return [...new Set(read)].sort();
}

function sysPath(
  root: string,
  files: readonly string[],
  entry: EntryPoint,
  code: readonly CodeFacts[],
): readonly string[] {
  const folders = entryFolders(entry).map((folder) => path.join(root, folder));
  const added = code.flatMap((one) => one.sysPath.flatMap((fact) => fact.resolved ?? []));
  const source = files.some((file) => file.startsWith('src/') && file.endsWith('.py')) ? [path.join(root, 'src')] : [];
  const inside = added.filter(
    (folder) => !path.relative(root, folder).startsWith('..') && !path.isAbsolute(path.relative(root, folder)),
  );
  return [...new Set([...folders, ...inside, ...source])];
}

/** Where nothing names a Python, that of the environment is meant. */
function pythonOf(named: PythonRequirement, { environment }: Dependencies): PythonRequirement {
  if (named.version !== undefined || environment === undefined) return named;
  return { ...named, version: environment.python, source: `environment ${environment.name}`, isTrace: true };
}

function execution(root: string, notebook: NotebookFacts): ExecutionFacts {
  const durations = notebook.cells.flatMap((cell) => cell.recorded?.seconds ?? []);
  return {
    cells: notebook.cells.filter((cell) => !cell.empty).length,
    ...(durations.length === 0
      ? {}
      : { recordedSeconds: Math.round(durations.reduce((sum, one) => sum + one, 0) * 1000) / 1000 }),
    shellMagics: notebook.magics
      .filter((fact) => fact.kind === 'shell')
      .map((fact) => ({ text: fact.text, location: locate(root, notebook.path, fact) })),
    outsidePaths: notebook.paths
      .filter((fact) => fact.outside)
      .map((fact) => ({ path: fact.path, location: locate(root, notebook.path, fact) })),
  };
}

async function ofNotebook(
  root: string,
  entry: EntryPoint,
  notebook: NotebookFacts | undefined,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  if (notebook === undefined) return [];
  const file = path.join(root, notebook.path);
  const sources = new Map((await readNotebook(file, signal)).cells.map((cell) => [cell.id, cell]));
  const findings = notebookFindings(root, notebook, sources);
  if (entry.kind !== 'none' || notebook.language !== 'python') return findings;
  const fix = draftPredict(notebook, file);
  const message = 'No function predict was found, so the notebook can be run but not served. Add a predict cell.';
  return [
    { code: 'PredictMissing', severity: 'warning', message, location: { file }, ...(fix && { fix }) },
    ...findings,
  ];
}

function secretFileFindings(files: readonly string[]): readonly Finding[] {
  const secret = files.filter((file) => secretReason(file) !== undefined);
  if (secret.length === 0) return [];
  const names = secret
    .slice(0, 5)
    .map((file) => JSON.stringify(file))
    .join(', ');
  return [
    {
      code: 'SecretFilesStay',
      severity: 'info',
      message: `Files that look like keys or credentials never travel with the model: ${names}${secret.length > 5 ? ` and ${secret.length - 5} more` : ''}.`,
    },
  ];
}
