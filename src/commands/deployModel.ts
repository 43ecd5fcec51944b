import path from 'node:path';
import * as vscode from 'vscode';
import type { App } from '../app';
import type { DeployedModel } from '../core/deployment';
import { UserError } from '../core/errors';
import { repositoryIn } from '../core/image';
import { chooseTarget } from '../editor/chooseTarget';
import { folderOf } from '../editor/chooseProject';
import { ensurePush } from '../editor/registry/logIn';
import { runPipeline } from '../editor/runPipeline';
import { saveEditors } from '../editor/saveEditors';
import { readSetting } from '../editor/settings';
import type { ImageOptions } from '../pipeline/deployImage';
import { deployModel as deploy } from '../pipeline/deployModel';
import { chooseDestination } from './chooseRegistry';
import type { Command } from './command';
import { imageSettings, modelName } from './imageSettings';
import { pipelineOf } from './pipelineOf';

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
  const image = target.accepts === 'image' ? await imageToPush(app, uri, folder) : undefined;
  if (target.accepts === 'image' && image === undefined) return;
  try {
    app.log.info(`deploy ${uri.fsPath} to ${target.id}`);
    const model = await runPipeline({
      command: vscode.l10n.t('Deploy Model'),
      title: vscode.l10n.t('Deploying {0}', path.basename(uri.fsPath)),
      ...pipelineOf(app, uri, folder),
      onPlan: (plan) => app.plans.set(plan.project, plan),
      body: (host, subjectPath, signal) =>
        deploy(
          services,
          host,
          { path: subjectPath, target: target.id, retrain, readyTimeoutSeconds, ...(image && { image }) },
          signal,
        ),
    });
    if (model !== undefined) await showDeployed(app, model);
  } finally {
    await app.refresh().catch(() => undefined);
  }
}

/** A registry that refuses does so before the notebook is executed. */
async function imageToPush(app: App, uri: vscode.Uri, folder: string): Promise<ImageOptions | undefined> {
  const image = await imageOf(app, uri, folder);
  const reference = image?.reference;
  return reference !== undefined && (await ensurePush(reference, app.registryAccess())) ? image : undefined;
}

/**
 * The registry of the workspace, which the cluster pulls from. Undefined when the user gave up.
 * @throws UserError RegistryMissing
 */
export async function imageOf(app: App, uri: vscode.Uri, folder: string): Promise<ImageOptions | undefined> {
  const destination = await chooseDestination(app, uri);
  if (destination === undefined) return undefined;
  if (destination.kind !== 'registry') throw registryMissing();
  const reference = repositoryIn(destination.name, await modelName(folder));
  const { base, insecure } = imageSettings(uri);
  return { reference, insecure, ...(base === undefined ? {} : { base }) };
}

function registryMissing(): UserError {
  const message = vscode.l10n.t('A cluster pulls images from a registry, and images of this workspace go into a file.');
  return new UserError('RegistryMissing', message, {
    remedy: { kind: 'runCommand', label: vscode.l10n.t('Choose Registry'), command: 'slipway.chooseRegistry' },
  });
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
