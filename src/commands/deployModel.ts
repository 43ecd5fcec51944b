import path from 'node:path';
import * as vscode from 'vscode';
import type { App } from '../app';
import type { DeployedModel } from '../core/deployment';
import { chooseTarget } from '../editor/chooseTarget';
import { folderOf } from '../editor/chooseProject';
import { runPipeline } from '../editor/runPipeline';
import { saveEditors } from '../editor/saveEditors';
import { secretStore } from '../editor/secretStore';
import { readSetting } from '../editor/settings';
import { deployModel as deploy } from '../pipeline/deployModel';
import type { Command } from './command';
import { problemsOf } from './inspectProject';

/** From the notebook, model file or folder to a model that answers. */
export const deployModel: Command = (app, subject) => deployProject(app, subject, false);

/** @param retrain execute the notebook although nothing changed */
export async function deployProject(app: App, subject: unknown, retrain: boolean): Promise<void> {
  const uri = await app.chooseProject(subject);
  if (uri === undefined) return;
  const folder = await folderOf(uri);
  await saveEditors(folder);
  const services = await app.services();
  const target = await chooseTarget(services.context, app.extension.workspaceState);
  if (target === undefined) return;
  const readyTimeoutSeconds = readSetting(
    vscode.workspace.getConfiguration(undefined, uri),
    'slipway.deploy.readyTimeoutSeconds',
  );
  try {
    app.log.info(`deploy ${uri.fsPath} to ${target}`);
    const model = await runPipeline({
      command: vscode.l10n.t('Deploy Model'),
      title: vscode.l10n.t('Deploying {0}', path.basename(uri.fsPath)),
      log: app.log,
      problems: problemsOf(app),
      secrets: secretStore(app.extension.secrets, folder),
      path: uri.fsPath,
      folder,
      onPlan: (plan) => app.plans.set(plan.project, plan),
      body: (host, subjectPath, signal) =>
        deploy(services, host, { path: subjectPath, target, retrain, readyTimeoutSeconds }, signal),
    });
    if (model !== undefined) await showDeployed(app, model);
  } finally {
    await app.refresh().catch(() => undefined);
  }
}

async function showDeployed(app: App, model: DeployedModel): Promise<void> {
  await app.refresh();
  // Ends the walkthrough's step: models that were there before it was opened do not.
  await vscode.commands.executeCommand('setContext', 'slipway.deployed', true);
  await app.reveal(model);
  await vscode.commands.executeCommand(
    'slipway.followLogs',
    { name: model.name, targetId: model.targetId },
    { preserveFocus: true },
  );
  void offerNext(model);
}

async function offerNext(model: DeployedModel): Promise<void> {
  const actions = [
    { title: vscode.l10n.t('Test Prediction'), command: 'slipway.testPrediction' },
    { title: vscode.l10n.t('Open Endpoint'), command: 'slipway.openEndpoint' },
    { title: vscode.l10n.t('Follow Logs'), command: 'slipway.followLogs' },
  ];
  const message = vscode.l10n.t('{0} v{1} answers at {2}.', model.name, model.version ?? 1, model.endpoint ?? '');
  const chosen = await vscode.window.showInformationMessage(message, ...actions);
  if (chosen !== undefined)
    await vscode.commands.executeCommand(chosen.command, { name: model.name, targetId: model.targetId });
}
