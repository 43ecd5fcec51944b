import * as vscode from 'vscode';
import { isAbort, UserError } from '../core/errors';

/** What looks and changes nothing: also allowed in a workspace that the user does not trust. */
const readOnly: ReadonlySet<string> = new Set([
  'slipway.refresh',
  'slipway.showLog',
  'slipway.loadMore',
  'slipway.openEndpoint',
  'slipway.followLogs',
  'slipway.createSample',
  'slipway.viewObject',
  'slipway.describeObject',
  'slipway.followPodLogs',
  'slipway.copyObjectName',
  'slipway.copyKubectlCommand',
  'slipway.copyDigest',
  'slipway.copyPullReference',
]);

/**
 * Runs a command and shows how it failed, if it did: a foreseen failure with its remedy, anything else as a bug.
 * An abort is silent. The message does not hold the command up: it ends with undefined.
 */
export async function runCommand(
  log: vscode.LogOutputChannel,
  id: string,
  body: () => Promise<unknown>,
): Promise<unknown> {
  try {
    if (!vscode.workspace.isTrusted && !readOnly.has(id)) throw workspaceUntrusted();
    return await body();
  } catch (error) {
    if (isAbort(error)) return undefined;
    const { showError } = await import('./showError');
    void showError(log, error, id);
    return undefined;
  }
}

function workspaceUntrusted(): UserError {
  return new UserError(
    'WorkspaceUntrusted',
    vscode.l10n.t('This workspace is not trusted, so Slipway runs nothing of it.'),
    {
      remedy: { kind: 'runCommand', label: vscode.l10n.t('Manage Workspace Trust'), command: 'workbench.trust.manage' },
    },
  );
}
