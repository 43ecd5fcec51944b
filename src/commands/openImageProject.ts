import * as vscode from 'vscode';
import { imageOf } from '../editor/subject';
import type { Command } from './command';

/** Shows the folder of the project that an image came from: in the explorer, or in a window of its own. */
export const openImageProject: Command = async (_app, subject) => {
  const project = imageOf(subject)?.project;
  if (project === undefined) return;
  const folder = vscode.Uri.file(project);
  if (vscode.workspace.getWorkspaceFolder(folder) !== undefined)
    await vscode.commands.executeCommand('revealInExplorer', folder);
  else await vscode.commands.executeCommand('vscode.openFolder', folder, { forceNewWindow: true });
};
