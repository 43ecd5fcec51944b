import * as vscode from 'vscode';
import type { App } from '../app';
import { folderOf } from '../editor/chooseProject';
import { fixProvider } from '../editor/fixes';
import { Problems } from '../editor/problems';
import { withNotification } from '../editor/progress';
import { saveEditors } from '../editor/saveEditors';
import { inspectOnly } from '../pipeline/inspect';
import { describeEntry } from '../pipeline/planDeploy';
import type { Command } from './command';

/** Reads the project and shows what it found in the Problems panel. Nothing of it is executed. */
export const inspectProject: Command = async (app, subject) => {
  const uri = await app.chooseProject(subject);
  if (uri === undefined) return;
  const folder = await folderOf(uri);
  await saveEditors(folder);
  const services = await app.services();
  const { project, findings } = await withNotification(
    vscode.l10n.t('Inspecting {0}', vscode.workspace.asRelativePath(uri)),
    (_progress, signal) => inspectOnly(services, { path: uri.fsPath }, signal),
  );
  app.log.info(`inspect ${project.root}: ${describeEntry(project.entry)}, ${String(findings.length)} findings`);
  await problemsOf(app).show(project.root, findings);
  const summary = vscode.l10n.t('{0} serves {1}.', project.name, describeEntry(project.entry));
  if (findings.length === 0) {
    void vscode.window.showInformationMessage(`${summary} ${vscode.l10n.t('Nothing stands in the way of a deploy.')}`);
    return;
  }
  await vscode.commands.executeCommand('workbench.actions.view.problems');
};

/** The problems of this window and their quick fixes. */
export function problemsOf(app: App): Problems {
  return app.shared('problems', () => {
    const problems = new Problems();
    const metadata = { providedCodeActionKinds: [vscode.CodeActionKind.QuickFix] };
    app.extension.subscriptions.push(
      vscode.languages.registerCodeActionsProvider({ scheme: '*' }, fixProvider(problems), metadata),
    );
    return problems;
  });
}
