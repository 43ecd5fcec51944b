import path from 'node:path';
import * as vscode from 'vscode';
import { withNotification } from '../editor/progress';
import { writeManifests } from '../pipeline/writeManifests';
import type { Command } from './command';

/** Writes the objects of a model to a folder, for kubectl, kustomize or a repository that others apply from. */
export const exportManifests: Command = async (app, subject) => {
  const title = vscode.l10n.t('Export Manifests');
  const chosen = await app.chooseModel(subject, {
    title,
    fits: (_, target) => target.manifests !== undefined,
    noneFits: vscode.l10n.t('No model runs on a cluster that has manifests.'),
  });
  const { target, model } = chosen ?? {};
  if (model === undefined || target?.manifests === undefined) return;
  const [folder] =
    (await vscode.window.showOpenDialog({
      title,
      openLabel: vscode.l10n.t('Export'),
      canSelectFiles: false,
      canSelectFolders: true,
    })) ?? [];
  if (folder === undefined) return;
  await withNotification(title, async (_, signal) => {
    await writeManifests(folder.fsPath, (await target.manifests?.(model.name, signal)) ?? []);
  });
  await vscode.window.showTextDocument(vscode.Uri.file(path.join(folder.fsPath, 'deployment.yaml')), { preview: true });
};
