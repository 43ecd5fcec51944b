import * as vscode from 'vscode';
import { changeModel } from '../editor/changeModel';
import type { Command } from './command';

/** Replaces the replicas one after the other; requests are answered throughout. */
export const restart: Command = async (app, subject) => {
  const chosen = await app.chooseModel(subject, {
    title: vscode.l10n.t('Restart'),
    fits: (model, target) => target.restart !== undefined && model.phase !== 'Stopped',
    noneFits: vscode.l10n.t('No model that runs can be restarted.'),
  });
  if (chosen === undefined) return;
  const { target, model } = chosen;
  await changeModel({
    chosen,
    title: vscode.l10n.t('Restarting {0}', model.name),
    body: async (signal) => target.restart?.(model.name, signal),
    refresh: () => app.refresh(),
  });
};
