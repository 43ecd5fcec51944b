import * as vscode from 'vscode';
import { UserError } from '../core/errors';
import type { Command } from './command';

/** Opens the model's documentation page in the browser, through the tunnel that a remote window has for it. */
export const openEndpoint: Command = async (app, subject) => {
  const chosen = await app.chooseModel(subject, {
    title: vscode.l10n.t('Open Endpoint'),
    fits: (model) => model.endpoint !== undefined,
    noneFits: vscode.l10n.t('No model answers now. Start one, or deploy one.'),
  });
  if (chosen === undefined) return;
  const { endpoint, name } = chosen.model;
  if (endpoint === undefined)
    throw new UserError('ModelNotReady', vscode.l10n.t('{0} does not answer, so it has no endpoint to open.', name));
  const local = vscode.Uri.parse(`${endpoint}/docs`, true);
  await vscode.env.openExternal(await vscode.env.asExternalUri(local));
};
