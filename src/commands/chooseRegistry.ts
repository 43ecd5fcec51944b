import * as vscode from 'vscode';
import type { App } from '../app';
import { repositoryIn } from '../core/image';
import { folderOf } from '../editor/chooseProject';
import { chosenDestination, rememberDestination, type Destination } from '../editor/registry/destination';
import { pickDestination } from '../editor/registry/chooseDestination';
import { ensurePush } from '../editor/registry/logIn';
import { readSetting } from '../editor/settings';
import type { Command } from './command';
import { modelName } from './imageSettings';

/** Chooses where the images of this workspace go, once the registry has shown that it takes them. */
export const chooseRegistry: Command = async (app) => {
  const [folder] = vscode.workspace.workspaceFolders ?? [];
  const chosen = await choose(app, vscode.window.activeNotebookEditor?.notebook.uri ?? folder?.uri);
  if (chosen === undefined) return;
  void vscode.window.showInformationMessage(vscode.l10n.t('Images of this workspace go to {0}.', describe(chosen)));
  await app.registries.refresh();
};

/**
 * Where images of a project go: what was chosen in the workspace, else what the settings say, else a pick that is
 * remembered. Undefined when the user gave up.
 */
export async function chooseDestination(app: App, uri: vscode.Uri): Promise<Destination | undefined> {
  const chosen = chosenDestination(app.extension.workspaceState);
  if (chosen !== undefined) return chosen;
  const name = readSetting(vscode.workspace.getConfiguration(undefined, uri), 'slipway.registry').trim();
  return name === '' ? choose(app, uri) : { kind: 'registry', name };
}

async function choose(app: App, uri: vscode.Uri | undefined): Promise<Destination | undefined> {
  const { globalState, workspaceState } = app.extension;
  const picked = await pickDestination(globalState, chosenDestination(workspaceState));
  if (picked === undefined) return undefined;
  if (picked.kind === 'registry') {
    const model = uri?.scheme === 'file' ? await modelName(await folderOf(uri)) : 'model';
    if (!(await ensurePush(repositoryIn(picked.name, model), app.registryAccess()))) return undefined;
  }
  await rememberDestination(app.extension, picked);
  return picked;
}

function describe(destination: Destination): string {
  switch (destination.kind) {
    case 'registry':
      return destination.name;
    case 'oci':
      return vscode.l10n.t('a folder with an OCI layout');
    case 'docker':
      return vscode.l10n.t('an archive for docker load');
  }
}
