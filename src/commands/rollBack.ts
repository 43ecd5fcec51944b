import * as vscode from 'vscode';
import type { DeployedModel } from '../core/deployment';
import { changeModel } from '../editor/changeModel';
import { versionOf } from '../editor/subject';
import { formatTime, shortDigest } from '../tree/format';
import { canRollBack, isRollBackTarget } from '../tree/modelTree';
import type { Command } from './command';

/** Goes back to a kept release: the one that was clicked, else a pick, newest first. */
export const rollBack: Command = async (app, subject) => {
  const title = vscode.l10n.t('Roll Back');
  const chosen = await app.chooseModel(subject, {
    title,
    fits: (model, target) => target.rollback !== undefined && canRollBack(model),
    noneFits: vscode.l10n.t('No model has an earlier release to go back to.'),
  });
  if (chosen?.target.rollback === undefined) return;
  const { target, model } = chosen;
  const clicked = model.releases.find(
    (release) => release.version === versionOf(subject) && isRollBackTarget(model, release),
  );
  const version = clicked?.version ?? (await pickRelease(model, title));
  if (version === undefined) return;
  const message = vscode.l10n.t('Rolling {0} back to v{1}', model.name, version);
  await changeModel({
    chosen,
    title: message,
    body: async (signal) => target.rollback?.(model.name, version, signal),
    refresh: () => app.refresh(),
  });
  void vscode.window.showInformationMessage(vscode.l10n.t('{0} answers with v{1} again.', model.name, version));
};

async function pickRelease(model: DeployedModel, title: string): Promise<number | undefined> {
  const items = model.releases
    .filter((release) => isRollBackTarget(model, release))
    .sort((left, right) => right.version - left.version)
    .map((release) => ({
      label: `v${String(release.version)}`,
      description: formatTime(release.createdAt),
      detail: shortDigest(release.digest),
      version: release.version,
    }));
  const placeHolder = vscode.l10n.t(
    '{0} answers with v{1} now. Choose the release to go back to',
    model.name,
    String(model.version ?? '?'),
  );
  return (await vscode.window.showQuickPick(items, { title, placeHolder, matchOnDescription: true }))?.version;
}
