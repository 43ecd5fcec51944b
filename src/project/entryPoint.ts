import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../core/errors';
import type { EntryPoint } from '../core/project';
import { isReadable, type Facts, type ModuleFacts, type NotebookFacts } from './facts';
import { modelFileName, modelFormat } from './modelFormat';

type ModelFileEntry = Extract<EntryPoint, { kind: 'modelFile' }>;

const largestAppBytes = 1_000_000;
const frameworks =
  /\b(FastAPI|Starlette|Flask|Quart|Litestar|Sanic|Bottle|falcon|get_[aw]sgi_application|make_wsgi_app|ProtocolTypeRouter|start_response|receive|FastHTML)\b/;
const appNames = ['app', 'main', 'server', 'api', 'asgi', 'wsgi', 'serve', 'service'];

/** Python files near the root that may make an application: worth a look by the inspector. */
export async function appCandidates(
  root: string,
  files: readonly string[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const near = files.filter(
    (file) =>
      file.endsWith('.py') &&
      file.split('/').length <= 3 &&
      !/(^|\/)(tests?|docs?|examples?|scripts?)\/|(^|\/)(test_|conftest|setup\.py|noxfile)/.test(file),
  );
  const found: string[] = [];
  for (const file of near.slice(0, 500)) {
    signal.throwIfAborted();
    const full = path.join(root, file);
    if ((await stat(full)).size < largestAppBytes && frameworks.test(await readFile(full, 'utf8'))) found.push(file);
  }
  return found;
}

/** The application that a user wrote, the usual file and variable names first. */
export function findApp(facts: Facts, files: readonly string[]): EntryPoint | undefined {
  const modules = facts.modules.filter(isReadable<ModuleFacts>).filter((one) => one.inside && one.apps.length > 0);
  const best = [...modules].sort(
    (left, right) => rank(left.path) - rank(right.path) || (left.path < right.path ? -1 : 1),
  )[0];
  const app = best?.apps[0];
  if (best === undefined || app === undefined) return undefined;
  return {
    kind: 'app',
    module: moduleName(best.path, files),
    attribute: app.attribute,
    protocol: app.protocol,
    file: best.path,
  };
}

function rank(file: string): number {
  const name = appNames.indexOf(path.posix.basename(file, '.py'));
  return file.split('/').length * 100 + (name === -1 ? appNames.length : name);
}

/** Dotted name from the root, or from `src` where that is no package itself. */
export function moduleName(file: string, files: readonly string[]): string {
  const inSource = file.startsWith('src/') && !files.includes('src/__init__.py');
  return file
    .slice(inSource ? 4 : 0)
    .replace(/(\/__init__)?\.py$/, '')
    .replaceAll('/', '.');
}

/** Folders with an MLmodel file; those of experiment runs do not count. */
export function mlmodelFolders(files: readonly string[]): readonly string[] {
  return files
    .filter((file) => path.posix.basename(file) === 'MLmodel' && !/(^|\/)(mlruns|mlartifacts)\//.test(file))
    .map((file) => path.posix.dirname(file));
}

/** Model files of the project, told by their content; at most 200 are opened. */
export async function modelFiles(
  root: string,
  files: readonly string[],
  signal: AbortSignal,
): Promise<readonly ModelFileEntry[]> {
  const named = files.filter(
    (file) =>
      modelFileName.test(file) &&
      !/(^|\/)(package(-lock)?|tsconfig|requirements.*|README|LICENSE)\.(json|txt)$/i.test(file),
  );
  const found: ModelFileEntry[] = [];
  for (const file of named.slice(0, 200)) {
    signal.throwIfAborted();
    const format = await modelFormat(path.join(root, file)).catch(() => undefined);
    if (format !== undefined) found.push({ kind: 'modelFile', path: file, format });
  }
  return found;
}

/** The entry that a notebook gives: its `predict` with the optional `load`, or the notebook alone. */
export function notebookEntry(facts: NotebookFacts, name = 'predict'): EntryPoint {
  if (facts.functions[name] === undefined) return { kind: 'none', notebook: facts.path };
  return {
    kind: 'notebook',
    notebook: facts.path,
    predict: name,
    ...(facts.functions['load'] === undefined ? {} : { load: 'load' }),
  };
}

/** @throws UserError NotebookAmbiguous with the candidates in its details */
export function notebookAmbiguous(root: string, candidates: readonly string[], why: string): UserError {
  return new UserError(
    'NotebookAmbiguous',
    `${why}: ${candidates
      .slice(0, 5)
      .map((one) => JSON.stringify(one))
      .join(', ')}${candidates.length > 5 ? ' and more' : ''}. Choose the one to serve.`,
    {
      details: { root, candidates },
      remedy: {
        kind: 'hint',
        label: 'Name the notebook: open it and deploy from there, or set entry in slipway.yaml.',
      },
    },
  );
}
