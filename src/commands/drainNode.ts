import * as vscode from 'vscode';
import { clusterSubject } from '../editor/explorer/clusterSubject';
import { confirmOn } from '../editor/explorer/confirm';
import { withNotification } from '../editor/progress';
import type { Command } from './command';

/** Moves the pods of a node elsewhere. */
export const drainNode: Command = async (app, subject) => {
  const found = await clusterSubject(app.clusters, subject);
  const { objects, ref } = found;
  const detail = vscode.l10n.t(
    'Its pods are ended and started again on other nodes, as their disruption budgets allow. Data in their temporary volumes is lost.',
  );
  if (!(await confirmOn(found, vscode.l10n.t('Drain {0}?', ref.name), detail, vscode.l10n.t('Drain')))) return;
  await withNotification(vscode.l10n.t('Draining {0}', ref.name), async (progress, signal) => {
    for await (const message of objects.drain(ref, signal)) progress.show(message);
  });
};
