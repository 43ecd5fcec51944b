import * as vscode from 'vscode';
import type { Secrets } from '../core/target';
import type { App } from '../app';
import { changeModel } from '../editor/changeModel';
import { readSecret, secretStore } from '../editor/secretStore';
import { releaseSecrets } from '../pipeline/releaseSecrets';
import type { Command } from './command';

/** Starts a stopped model with the release that it had. */
export const start: Command = async (app, subject) => {
  const chosen = await app.chooseModel(subject, {
    title: vscode.l10n.t('Start'),
    fits: (model, target) => target.start !== undefined && (model.phase === 'Stopped' || model.phase === 'Failed'),
    noneFits: vscode.l10n.t('No model is stopped.'),
  });
  if (chosen === undefined) return;
  const { target, model } = chosen;
  await changeModel({
    chosen,
    title: vscode.l10n.t('Starting {0}', model.name),
    body: async (signal) => target.start?.(model.name, await secretsOf(app, model.name, model.version, signal), signal),
    refresh: () => app.refresh(),
  });
};

/** The supervisor keeps secrets in memory only, so a model that was stopped is given them again. */
async function secretsOf(app: App, model: string, version: number | undefined, signal: AbortSignal): Promise<Secrets> {
  const { project, names } = await releaseSecrets((await app.services()).home, model, version);
  const store = secretStore(app.extension.secrets, project);
  const values: Record<string, string> = {};
  for (const name of names) {
    const value = await readSecret(store, name, signal);
    if (value === undefined) throw new DOMException('The user gave no value for a secret.', 'AbortError');
    values[name] = value;
  }
  return values;
}
