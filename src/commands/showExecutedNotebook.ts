import path from 'node:path';
import * as vscode from 'vscode';
import { UserError } from '../core/errors';
import { modelOf } from '../editor/subject';
import { findExecuted } from '../pipeline/executedNotebook';
import { releaseOrigins } from '../pipeline/releaseOrigin';
import { findProject } from '../project/projectRoot';
import type { App } from '../app';
import type { Command } from './command';

/** Opens the notebook as it was last executed, with outputs and figures; from a model's node, that of its project. */
export const showExecutedNotebook: Command = async (app, subject) => {
  const { home } = await app.services();
  const signal = AbortSignal.timeout(30_000);
  const subjectPath = await projectPath(app, subject);
  if (subjectPath === undefined) return;
  const { root: project } = await findProject(subjectPath, signal);
  const executed = await findExecuted(home, project);
  if (executed === undefined) {
    throw new UserError(
      'NothingExecuted',
      vscode.l10n.t(
        'No notebook of {0} has been executed by Slipway yet, or what it left was deleted.',
        path.basename(project),
      ),
      {
        remedy: {
          kind: 'runCommand',
          label: vscode.l10n.t('Deploy Model'),
          command: 'slipway.deployModel',
          args: [vscode.Uri.file(project)],
        },
      },
    );
  }
  await vscode.commands.executeCommand('vscode.openWith', vscode.Uri.file(executed.file), 'jupyter-notebook');
};

async function projectPath(app: App, subject: unknown): Promise<string | undefined> {
  const model = modelOf(subject);
  const { home } = await app.services();
  const [origin] = model === undefined ? [] : await releaseOrigins(home, model.name);
  if (origin !== undefined) return origin.project;
  const chosen = await app.chooseProject(subject);
  return chosen?.fsPath;
}
