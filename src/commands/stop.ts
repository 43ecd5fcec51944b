import * as vscode from 'vscode';
import { changeModel } from '../editor/changeModel';
import { confirmModel } from '../editor/explorer/confirm';
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
  if (!(await confirmModel(target.id, model.name, vscode.l10n.t('Stop {0}?', model.name)))) return;
  await changeModel({
    chosen,
    title: vscode.l10n.t('Stopping {0}', model.name),
    body: async (signal) => target.stop?.(model.name, signal),
    refresh: () => app.refresh(),
  });
};
