import * as vscode from 'vscode';
import type { App } from '../app';
import { deployHost } from '../editor/deployHost';
import { targetChoices } from '../editor/modelFeed';
import { discoverTargets } from '../pipeline/discoverTargets';
import { withNotification } from '../editor/progress';
import { secretStore } from '../editor/secretStore';
import { versionOf } from '../editor/subject';
import { deployRelease } from '../pipeline/deployRelease';
import type { Command } from './command';

/** Takes a release to another target by the same digest: nothing is trained or built again. */
export const deployReleaseTo: Command = async (app, subject) => {
  const title = vscode.l10n.t('Deploy Release to');
  const chosen = await app.chooseModel(subject, {
    title,
    fits: (model, target) => target.accepts === 'image' && model.version !== undefined,
    noneFits: vscode.l10n.t('No model has a release that another target could run.'),
  });
  const version = versionOf(subject) ?? chosen?.model.version;
  if (chosen?.target.accepts !== 'image' || version === undefined) return;
  const { target, model } = chosen;
  const to = await pickTarget(app, target.id, title);
  if (to === undefined) return;
  const services = await app.services();
  try {
    await withNotification(vscode.l10n.t('Deploying {0} v{1}', model.name, version), async (progress, signal) => {
      const release = await target.readRelease?.(model.name, version, signal);
      if (release === undefined) return;
      const host = deployHost({
        log: app.log,
        progress,
        secrets: secretStore(app.extension.secrets, release.provenance.project),
        onPlan: () => undefined,
        onFinding: () => undefined,
      });
      const { image } = release.content;
      const { insecure } = app.registryAccess();
      const isInsecure = (registry: string): boolean => insecure.includes(registry);
      const request = { image, target: to, name: model.name, from: release, insecure: isInsecure };
      await deployRelease(services, host, request, signal);
    });
    void vscode.window.showInformationMessage(
      vscode.l10n.t('{0} answers on {1}.', model.name, (await app.target(to)).displayName),
    );
  } finally {
    await app.refresh().catch(() => undefined);
  }
};

/** Targets that were used or that the kubeconfig names, but for the one where the release is; or one that is typed. */
async function pickTarget(app: App, from: string, title: string): Promise<string | undefined> {
  const { context } = await app.services();
  const soon = AbortSignal.timeout(20_000);
  const known = await Promise.all([discoverTargets(context, soon), targetChoices(context, soon)]);
  const names = new Map(
    known.flat().flatMap((one) => (one.accepts === 'image' && one.id !== from ? [[one.id, one.displayName]] : [])),
  );
  const typed = { label: vscode.l10n.t('Another Namespace…'), description: '', id: undefined };
  const items = [...[...names].map(([id, label]) => ({ label, description: id, id })), typed];
  const placeHolder = vscode.l10n.t('Choose where the release runs as well');
  const chosen = await vscode.window.showQuickPick(items, { title, placeHolder, matchOnDescription: true });
  if (chosen === undefined || chosen.id !== undefined) return chosen?.id;
  const prompt = vscode.l10n.t('Target as kubernetes:CONTEXT/NAMESPACE');
  return vscode.window.showInputBox({ title, prompt, value: from.replace(/[^/]*$/, '') });
}
