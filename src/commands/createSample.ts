import * as vscode from 'vscode';
import { UserError } from '../core/errors';
import type { Command } from './command';

const sampleName = 'slipway-iris';

/** Copies the sample project that ships with the extension into a folder of the user's, and opens it. */
export const createSample: Command = async (app) => {
  const [parent] =
    (await vscode.window.showOpenDialog({
      title: vscode.l10n.t('Folder for the sample project'),
      openLabel: vscode.l10n.t('Create Here'),
      canSelectFiles: false,
      canSelectFolders: true,
    })) ?? [];
  if (parent === undefined) return;
  const folder = vscode.Uri.joinPath(parent, sampleName);
  await copySample(vscode.Uri.joinPath(app.extension.extensionUri, 'examples', 'iris'), folder);
  const [isOpen] = vscode.workspace.workspaceFolders ?? [];
  const inside = vscode.workspace.getWorkspaceFolder(folder) !== undefined;
  if (inside)
    await vscode.window.showNotebookDocument(
      await vscode.workspace.openNotebookDocument(vscode.Uri.joinPath(folder, 'iris.ipynb')),
    );
  else await vscode.commands.executeCommand('vscode.openFolder', folder, { forceNewWindow: isOpen !== undefined });
};

async function copySample(source: vscode.Uri, folder: vscode.Uri): Promise<void> {
  try {
    await vscode.workspace.fs.copy(source, folder, { overwrite: false });
  } catch (cause) {
    if (!(cause instanceof vscode.FileSystemError) || cause.code !== 'FileExists') throw cause;
    throw new UserError('SampleExists', vscode.l10n.t('{0} exists already and was left as it is.', folder.fsPath), {
      cause,
      remedy: { kind: 'hint', label: vscode.l10n.t('Choose another folder, or open this one.') },
    });
  }
}
