import * as vscode from 'vscode';
import { UserError } from '../core/errors';
import { findProject } from '../project/projectRoot';
import { uriOf } from './subject';

const lastFolderKey = 'slipway.lastFolder';

/** See `App.chooseProject`. */
export async function chooseProject(memory: vscode.Memento, subject: unknown): Promise<vscode.Uri | undefined> {
  const chosen = uriOf(subject) ?? vscode.window.activeNotebookEditor?.notebook.uri ?? (await pickFolder(memory));
  if (chosen !== undefined && chosen.scheme !== 'file') throw notOnDisk(chosen);
  return chosen;
}

/** The root of the project that a folder, notebook or model file belongs to. @throws UserError ProjectNotFound */
export async function folderOf(uri: vscode.Uri): Promise<string> {
  return (await findProject(uri.fsPath, AbortSignal.timeout(20_000))).root;
}

async function pickFolder(memory: vscode.Memento): Promise<vscode.Uri | undefined> {
  const folders = vscode.workspace.workspaceFolders ?? [];
  const [first, ...others] = folders;
  if (first === undefined) {
    throw new UserError('NoFolder', vscode.l10n.t('There is no folder open and no notebook.'), {
      remedy: { kind: 'runCommand', label: vscode.l10n.t('Open Folder'), command: 'vscode.openFolder' },
    });
  }
  if (others.length === 0) return first.uri;
  const last = memory.get<string>(lastFolderKey);
  const ordered = [...folders].sort(
    (left, right) => Number(right.uri.toString() === last) - Number(left.uri.toString() === last),
  );
  // Two folders may have one name: the path below it tells them apart.
  const items = ordered.map((folder) => ({ label: folder.name, description: folder.uri.fsPath, uri: folder.uri }));
  const picked = await vscode.window.showQuickPick(items, {
    title: vscode.l10n.t('Project'),
    placeHolder: vscode.l10n.t('Choose the folder of the project'),
    matchOnDescription: true,
  });
  if (picked !== undefined) await memory.update(lastFolderKey, picked.uri.toString());
  return picked?.uri;
}

function notOnDisk(uri: vscode.Uri): UserError {
  const message =
    uri.scheme === 'untitled'
      ? vscode.l10n.t('The notebook has not been saved yet.')
      : vscode.l10n.t('{0} is not on this machine, so it cannot be run here.', uri.toString());
  return new UserError('NotOnDisk', message, {
    remedy: { kind: 'hint', label: vscode.l10n.t('Save it in a folder and try again.') },
  });
}
