import * as vscode from 'vscode';
import { folderOf } from '../editor/chooseProject';
import { askSecret, secretStore } from '../editor/secretStore';
import { UserError } from '../core/errors';
import { inspectOnly } from '../pipeline/inspect';
import type { Command } from './command';

/** Gives a secret that slipway.yaml names another value; the next deploy takes it. */
export const changeSecret: Command = async (app, subject) => {
  const uri = await app.chooseProject(subject);
  if (uri === undefined) return;
  const { project } = await inspectOnly(await app.services(), { path: uri.fsPath }, AbortSignal.timeout(60_000));
  const names = project.config.secrets ?? [];
  if (names.length === 0) {
    throw new UserError('NoSecrets', vscode.l10n.t('slipway.yaml of {0} names no secrets.', project.name), {
      remedy: { kind: 'hint', label: vscode.l10n.t('Name one under secrets, then deploy.') },
    });
  }
  const title = vscode.l10n.t('Change Secret');
  const name =
    names.length === 1
      ? names[0]
      : await vscode.window.showQuickPick([...names], {
          title,
          placeHolder: vscode.l10n.t('Choose the secret to change'),
        });
  if (name === undefined) return;
  const value = await askSecret(secretStore(app.extension.secrets, await folderOf(uri)), name, undefined);
  if (value !== undefined)
    void vscode.window.showInformationMessage(
      vscode.l10n.t('The next deploy of {0} uses the new value of {1}.', project.name, name),
    );
};
