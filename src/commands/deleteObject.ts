import * as vscode from 'vscode';
import { breadcrumb, clusterSubject } from '../editor/explorer/clusterSubject';
import { confirmOn } from '../editor/explorer/confirm';
import { withNotification } from '../editor/progress';
import { ownersDetail } from '../editor/takeOver';
import type { Command } from './command';

/** Deletes an object, after a question that says where it is and who looks after it. */
export const deleteObject: Command = async (app, subject) => {
  const found = await clusterSubject(app.clusters, subject);
  const { objects, ref } = found;
  const question = vscode.l10n.t('Delete {0} {1}?', ref.kind, ref.name);
  const owners = await objects.owners(ref, AbortSignal.timeout(20_000));
  const detail =
    owners.length === 0
      ? vscode.l10n.t('It is gone then, with what belongs to it. This cannot be undone.')
      : ownersDetail(owners);
  if (!(await confirmOn(found, question, detail, vscode.l10n.t('Delete')))) return;
  await withNotification(vscode.l10n.t('Deleting {0}', breadcrumb(found)), (_progress, signal) =>
    objects.remove(ref, signal),
  );
};
