import * as vscode from 'vscode';
import { changeTarget } from '../editor/chooseTarget';
import type { Command } from './command';

/** Chooses where the models of this workspace go from now on. */
export const chooseTarget: Command = async (app) => {
  const { context } = await app.services();
  const chosen = await changeTarget(context, app.extension.workspaceState);
  if (chosen === undefined) return;
  void vscode.window.showInformationMessage(
    vscode.l10n.t('Models of this workspace are deployed to {0}.', chosen.displayName),
  );
};
