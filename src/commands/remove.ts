import * as vscode from 'vscode';
import { changeModel } from '../editor/changeModel';
import { confirmModel } from '../editor/explorer/confirm';
import type { Command } from './command';

/** Removes a model with all its releases and logs, after a question that names it and where it runs. */
export const remove: Command = async (app, subject) => {
  const chosen = await app.chooseModel(subject, { title: vscode.l10n.t('Remove') });
  if (chosen === undefined) return;
  const { target, model } = chosen;
  const button = vscode.l10n.t('Remove');
  const question = vscode.l10n.t('Remove the model {0} from {1}?', model.name, target.displayName);
  const count = model.releases.length;
  const kept =
    count === 1
      ? vscode.l10n.t('Its release and its logs are deleted.')
      : vscode.l10n.t('Its {0} releases and its logs are deleted.', count);
  const now =
    model.endpoint === undefined
      ? ''
      : ` ${vscode.l10n.t('It answers at {0} now and stops doing so.', model.endpoint)}`;
  const detail = `${kept}${now} ${vscode.l10n.t('The project on disk stays as it is.')}`;
  if ((await vscode.window.showWarningMessage(question, { modal: true, detail }, button)) !== button) return;
  if (!(await confirmModel(target.id, model.name, question))) return;
  await changeModel({
    chosen,
    title: vscode.l10n.t('Removing {0}', model.name),
    body: (signal) => target.remove(model.name, signal),
    refresh: () => app.refresh(),
  });
};
