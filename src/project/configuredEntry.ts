import path from 'node:path';
import { UserError } from '../core/errors';
import type { EntryPoint } from '../core/project';
import { folderEntry } from './modelFolder';
import { modelFormat } from './modelFormat';

export interface NamedNotebook {
  readonly kind: 'namedNotebook';
  readonly notebook: string;
  /** The function that serves, when it is not `predict`. */
  readonly name?: string;
}

export interface NamedApp {
  readonly kind: 'namedApp';
  readonly app: string;
  readonly attribute: string;
}

/** What slipway.yaml's `entry` names. @throws UserError EntryNotFound, EntryUnsupported */
export async function configuredEntry(
  root: string,
  entry: string,
  files: readonly string[],
): Promise<NamedNotebook | NamedApp | EntryPoint> {
  const [, file = entry, name] = /^(.*\.(?:ipynb|py))(?::([\w.]+))?$/.exec(entry) ?? [];
  const relative = path.posix.normalize(file.replaceAll('\\', '/')).replace(/\/$/, '');
  const folder = await folderEntry(root, relative, new Set(files));
  if (folder !== undefined) return folder;
  if (!files.includes(relative)) throw entryNotFound(root, entry, 'does not exist in the project');
  const served = codeEntry(relative, name) ?? (await modelEntry(root, relative));
  if (served === undefined) throw entryNotFound(root, entry, 'is no notebook, application or model that can be served');
  return served;
}

function codeEntry(file: string, name: string | undefined): NamedNotebook | NamedApp | EntryPoint | undefined {
  if (file.endsWith('.ipynb'))
    return { kind: 'namedNotebook', notebook: file, ...(name === undefined ? {} : { name }) };
  if (file.endsWith('.py')) return { kind: 'namedApp', app: file, attribute: name ?? 'app' };
  return /(^|\/)Dockerfile[\w.-]*$/i.test(file) ? { kind: 'dockerfile', path: file } : undefined;
}

async function modelEntry(root: string, file: string): Promise<EntryPoint | undefined> {
  const format = await modelFormat(path.join(root, file));
  return format === undefined ? undefined : { kind: 'modelFile', path: file, format };
}

function entryNotFound(root: string, entry: string, why: string): UserError {
  return new UserError('EntryNotFound', `The entry ${JSON.stringify(entry)} ${why}.`, {
    location: { file: path.join(root, 'slipway.yaml') },
    remedy: {
      kind: 'hint',
      label:
        'Use notebook.ipynb, notebook.ipynb:function, model.joblib, app.py:app or a folder with a model of MLflow, spaCy or transformers.',
    },
  });
}
