import * as vscode from 'vscode';
import { UserError } from '../core/errors';
import type { Command } from './command';

/** Deletes credentials of a registry that the user typed; those of Docker stay. */
export const forgetCredentials: Command = async (app) => {
  const { credentials } = app.registryAccess();
  const hosts = await credentials.hosts();
  if (hosts.length === 0) {
    throw new UserError('NoCredentials', vscode.l10n.t('No credentials of registries are kept.'), {
      remedy: {
        kind: 'hint',
        label: vscode.l10n.t('Slipway asks for them where a registry wants some that Docker does not have.'),
      },
    });
  }
  const host = await vscode.window.showQuickPick([...hosts], {
    title: vscode.l10n.t('Forget Registry Credentials'),
    placeHolder: vscode.l10n.t('Choose the registry whose credentials are deleted'),
  });
  if (host === undefined) return;
  await credentials.forget(host);
  void vscode.window.showInformationMessage(vscode.l10n.t('The credentials for {0} were deleted.', host));
};
