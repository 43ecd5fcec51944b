import * as vscode from 'vscode';
import type { Leftover, Target } from '../core/target';
import { discoverTargets } from '../pipeline/discoverTargets';
import { withNotification } from '../editor/progress';
import type { Command } from './command';

interface Row extends vscode.QuickPickItem {
  readonly target: Target;
  readonly model: string;
}

/** Lists what changes left that were cut off, on every target, and puts in order what the user chose of it. */
export const cleanUp: Command = async (app) => {
  const title = vscode.l10n.t('Clean Up');
  const { context } = await app.services();
  const rows = await withNotification(vscode.l10n.t('Looking for what was left'), async (_progress, signal) => {
    const targets = await discoverTargets(context, signal);
    const found = await Promise.allSettled(targets.map((target) => rowsOf(target, signal)));
    const failed = found.find((one) => one.status === 'rejected');
    const all = found.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
    if (all.length === 0 && failed !== undefined) throw failed.reason;
    return all;
  });
  if (rows.length === 0) {
    void vscode.window.showInformationMessage(vscode.l10n.t('Nothing is left to clean up.'));
    return;
  }
  const placeHolder = vscode.l10n.t('Choose what to put in order');
  const chosen = await vscode.window.showQuickPick(rows, { title, placeHolder, canPickMany: true });
  if (chosen === undefined || chosen.length === 0) return;
  try {
    await withNotification(title, async (progress, signal) => {
      for (const { target, model } of chosen) {
        progress.show(vscode.l10n.t('{0} on {1}', model, target.displayName));
        await target.cleanUp?.(model, signal);
      }
    });
  } finally {
    await app.refresh().catch(() => undefined);
  }
};

async function rowsOf(target: Target, signal: AbortSignal): Promise<readonly Row[]> {
  const leftovers = (await target.leftovers?.(signal)) ?? [];
  return leftovers.map((one) => rowOf(target, one));
}

function rowOf(target: Target, { model, found, cure }: Leftover): Row {
  return { label: model, description: target.displayName, detail: `${found} ${cure}`, picked: true, target, model };
}
