import * as vscode from 'vscode';
import { changeModel } from '../editor/changeModel';
import type { Command } from './command';

const mostReplicas = 32;

/** Asks for the number of replicas and changes it. */
export const scale: Command = async (app, subject) => {
  const title = vscode.l10n.t('Scale');
  const chosen = await app.chooseModel(subject, {
    title,
    fits: (model, target) => target.scale !== undefined && model.phase !== 'Stopped' && model.autoscale === undefined,
    noneFits: vscode.l10n.t('No model runs that could be scaled.'),
  });
  const { target, model } = chosen ?? {};
  if (chosen === undefined || model === undefined || target?.scale === undefined) return;
  const answer = await vscode.window.showInputBox({
    title: vscode.l10n.t('Scale {0}', model.name),
    prompt: vscode.l10n.t('Number of replicas, from 1 to {0}. Each holds the model in memory.', mostReplicas),
    value: String(model.replicas.desired),
    validateInput: (text) =>
      replicasIn(text) === undefined ? vscode.l10n.t('Enter a whole number from 1 to {0}.', mostReplicas) : undefined,
  });
  const replicas = replicasIn(answer ?? '');
  if (replicas === undefined || replicas === model.replicas.desired) return;
  const message =
    replicas === 1
      ? vscode.l10n.t('Scaling {0} to 1 replica', model.name)
      : vscode.l10n.t('Scaling {0} to {1} replicas', model.name, replicas);
  await changeModel({
    chosen,
    title: message,
    body: async (signal) => target.scale?.(model.name, replicas, signal),
    refresh: () => app.refresh(),
  });
};

function replicasIn(text: string): number | undefined {
  const value = /^\s*\d{1,3}\s*$/.test(text) ? Number(text) : 0;
  return value >= 1 && value <= mostReplicas ? value : undefined;
}
