import * as vscode from 'vscode';
import { changeModel } from '../editor/changeModel';
import type { Command } from './command';

/** Ends the replicas and keeps the releases, so that Start brings the model back. */
export const stop: Command = async (app, subject) => {
  const chosen = await app.chooseModel(subject, {
    title: vscode.l10n.t('Stop'),
    fits: (model, target) => target.stop !== undefined && model.phase !== 'Stopped',
    noneFits: vscode.l10n.t('No model runs.'),
  });
  if (chosen === undefined) return;
  const { target, model } = chosen;
  await changeModel({
    chosen,
    title: vscode.l10n.t('Stopping {0}', model.name),
    body: async (signal) => target.stop?.(model.name, signal),
    refresh: () => app.refresh(),
  });
};
