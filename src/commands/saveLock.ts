import path from 'node:path';
import * as vscode from 'vscode';
import { folderOf } from '../editor/chooseProject';
import { withNotification } from '../editor/progress';
import { saveEditors } from '../editor/saveEditors';
import { listener } from '../pipeline/planOnly';
import { lockName, saveLock as save } from '../pipeline/saveLock';
import { findProject } from '../project/projectRoot';
import type { Command } from './command';

/** Solves the packages of the project and writes them to its pylock.toml. A lock that lies there is replaced after a question. */
export const saveLock: Command = async (app, subject) => {
  const uri = await app.chooseProject(subject);
  if (uri === undefined) return;
  await saveEditors(await folderOf(uri));
  const services = await app.services();
  const { root } = await findProject(uri.fsPath, AbortSignal.timeout(20_000));
  const replace = await exists(vscode.Uri.file(path.join(root, lockName)));
  if (replace && !(await mayReplace())) return;
  const { file, packages } = await withNotification(vscode.l10n.t('Solving the packages'), (progress, signal) => {
    const host = listener((line) => {
      progress.show(line);
    });
    return save(services, host, { path: uri.fsPath, replace }, signal);
  });
  await vscode.window.showTextDocument(vscode.Uri.file(file), { preview: true });
  void vscode.window.showInformationMessage(
    vscode.l10n.t('{0} pins {1} packages. Deploys of this project use these versions from now on.', lockName, packages),
  );
};

async function exists(uri: vscode.Uri): Promise<boolean> {
  return Promise.resolve(vscode.workspace.fs.stat(uri)).then(
    () => true,
    () => false,
  );
}

async function mayReplace(): Promise<boolean> {
  const replace = vscode.l10n.t('Replace');
  const question = vscode.l10n.t('The project has a {0}. Solve its packages anew and replace it?', lockName);
  const detail = vscode.l10n.t('Versions may change.');
  return (await vscode.window.showWarningMessage(question, { modal: true, detail }, replace)) === replace;
}
