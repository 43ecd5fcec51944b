import * as vscode from 'vscode';
import { needsKey } from '../core/exposure';
import { withNotification } from '../editor/progress';
import { readModelKey } from '../pipeline/modelKey';
import type { Command } from './command';

/** Copies the key that requests to a model bring. It is shown nowhere. */
export const copyEndpointKey: Command = async (app, subject) => {
  const title = vscode.l10n.t('Copy Endpoint Key');
  const chosen = await app.chooseModel(subject, {
    title,
    fits: ({ exposure }, target) => target.key !== undefined && needsKey(exposure),
    noneFits: vscode.l10n.t('No model asks for a key.'),
  });
  if (chosen === undefined) return;
  const { target, model } = chosen;
  const key = await withNotification(title, (_progress, signal) => readModelKey(target, model.name, signal));
  await vscode.env.clipboard.writeText(key);
  void vscode.window.showInformationMessage(
    vscode.l10n.t('The key of {0} is on the clipboard. Requests bring it as Authorization: Bearer KEY.', model.name),
  );
};
