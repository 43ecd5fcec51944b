import * as vscode from 'vscode';
import type { DeployedModel } from '../core/deployment';
import { withNotification } from '../editor/progress';
import { versionOf } from '../editor/subject';
import { compareReleases as compare, describeRelease } from '../pipeline/compareReleases';
import { formatTime, shortDigest } from '../tree/format';
import type { Command } from './command';
import { readOnlyText } from './showPlan';

/** Shows what changed between two releases as a diff: the one that was clicked, or a pick, against another. */
export const compareReleases: Command = async (app, subject) => {
  const title = vscode.l10n.t('Compare Releases');
  const chosen = await app.chooseModel(subject, {
    title,
    fits: (model, target) => 'readRelease' in target && model.releases.length > 1,
    noneFits: vscode.l10n.t('No model has two releases to compare.'),
  });
  if (chosen === undefined) return;
  const { target, model } = chosen;
  const one = versionOf(subject) ?? (await pick(model, title, undefined));
  const other = one === undefined ? undefined : await pick(model, title, one);
  if (one === undefined || other === undefined) return;
  const versions = [Math.min(one, other), Math.max(one, other)] as const;
  const { left, right } = await withNotification(title, (_progress, signal) =>
    compare(target, model.name, versions, signal),
  );
  const texts = readOnlyText(app);
  const [before, after] = [left, right].map((release) =>
    texts.put(`${model.name}/v${String(release.version)}.txt`, describeRelease(release)),
  );
  const tab = vscode.l10n.t('{0}: v{1} and v{2}', model.name, left.version, right.version);
  await vscode.commands.executeCommand('vscode.diff', before, after, tab, { preview: true });
};

async function pick(model: DeployedModel, title: string, not: number | undefined): Promise<number | undefined> {
  const items = model.releases
    .filter(({ version }) => version !== not)
    .sort((left, right) => right.version - left.version)
    .map(({ version, createdAt, digest }) => ({
      label: `v${String(version)}`,
      description: formatTime(createdAt),
      detail: shortDigest(digest),
      version,
    }));
  if (not !== undefined && items.length === 1) return items[0]?.version;
  const placeHolder =
    not === undefined
      ? vscode.l10n.t('Choose a release of {0}', model.name)
      : vscode.l10n.t('Choose the release to compare v{0} with', not);
  return (await vscode.window.showQuickPick(items, { title, placeHolder, matchOnDescription: true }))?.version;
}
