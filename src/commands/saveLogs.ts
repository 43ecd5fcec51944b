import path from 'node:path';
import * as vscode from 'vscode';
import { withNotification } from '../editor/progress';
import { modelOf } from '../editor/subject';
import type { Command } from './command';
import { logViews } from './followLogs';

export const saveLogs: Command = async (app, subject) => {
  const title = vscode.l10n.t('Save Logs');
  const view = await logViews(app).choose(modelOf(subject), title);
  if (view === undefined) return;
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? '';
  const uri = await vscode.window.showSaveDialog({
    title,
    defaultUri: vscode.Uri.file(path.join(folder, `${view.model}.log`)),
    filters: { [vscode.l10n.t('Logs')]: ['log'] },
  });
  if (uri === undefined) return;
  await withNotification(title, (_progress, signal) => view.save(uri.fsPath, signal));
  await vscode.window.showTextDocument(uri, { preview: true });
};
