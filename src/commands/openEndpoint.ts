import * as vscode from 'vscode';
import type { App } from '../app';
import type { DeployedModel } from '../core/deployment';
import { UserError } from '../core/errors';
import { needsKey } from '../core/exposure';
import type { Target } from '../core/target';
import { withNotification } from '../editor/progress';
import { withAddress } from '../pipeline/addressed';
import type { Command } from './command';

const lookMs = 20_000;

/** An endpoint inside of a cluster is reached through a port of this machine, which stays open beyond the window. */
async function reachable(app: App, target: Target, model: DeployedModel): Promise<string | undefined> {
  if (model.endpoint === undefined || model.endpointIsInside !== true || target.holdForward === undefined)
    return model.endpoint;
  const title = vscode.l10n.t('Opening a way to {0}', model.name);
  return withNotification(title, async (_progress, signal) => {
    const { openForward } = await import('../pipeline/forwards/openForward');
    const { url } = await openForward(await app.services(), target, model.name, signal);
    await app.refreshForwards();
    return url;
  });
}

/** A browser brings no key. */
async function tellOfKey({ name, targetId }: DeployedModel): Promise<void> {
  const test = vscode.l10n.t('Test Prediction');
  const copy = vscode.l10n.t('Copy Endpoint Key');
  const text = vscode.l10n.t('{0} asks for its key, which a browser does not send.', name);
  const answer = await vscode.window.showInformationMessage(text, test, copy);
  const command = answer === test ? 'slipway.testPrediction' : 'slipway.copyEndpointKey';
  if (answer !== undefined) await vscode.commands.executeCommand(command, { model: { name, targetId } });
}

/** Opens the model's documentation page in the browser, through the tunnel that a remote window has for it. */
export const openEndpoint: Command = async (app, subject) => {
  const chosen = await app.chooseModel(subject, {
    title: vscode.l10n.t('Open Endpoint'),
    fits: (model) => model.endpoint !== undefined,
    noneFits: vscode.l10n.t('No model answers now. Start one, or deploy one.'),
  });
  if (chosen === undefined) return;
  const { target } = chosen;
  const model = await withAddress(target, chosen.model, AbortSignal.timeout(lookMs));
  const { name } = model;
  if (needsKey(model.exposure)) {
    await tellOfKey(model);
    return;
  }
  const endpoint = await reachable(app, target, model);
  if (endpoint === undefined)
    throw new UserError('ModelNotReady', vscode.l10n.t('{0} does not answer, so it has no endpoint to open.', name));
  const local = vscode.Uri.parse(`${endpoint}/docs`, true);
  await vscode.env.openExternal(await vscode.env.asExternalUri(local));
};
