import * as vscode from 'vscode';
import { breadcrumb, clusterSubject, type ClusterSubject } from '../editor/explorer/clusterSubject';
import { withNotification } from '../editor/progress';
import type { Command } from './command';

/** Makes a port of this machine lead to the pods of a workload, or to a pod and those that take its place. */
export const forwardPort: Command = async (app, subject) => {
  const found = await clusterSubject(app.clusters, subject);
  const { objects, ref } = found;
  const port = await choosePort(found);
  if (port === undefined) return;
  const name = `${ref.name}:${port}`;
  const open = (local: number, signal: AbortSignal) => objects.forward(ref, port, local, signal);
  const forward = await withNotification(vscode.l10n.t('Forwarding {0}', name), () =>
    app.forwards.start(name, breadcrumb(found), open, port > 1023 ? port : 0),
  );
  const url = forward.state?.url;
  if (url === undefined) return;
  const button = vscode.l10n.t('Open in Browser');
  const answer = await vscode.window.showInformationMessage(vscode.l10n.t('{0} leads to {1}', url, name), button);
  if (answer === button) await vscode.env.openExternal(await vscode.env.asExternalUri(vscode.Uri.parse(url)));
};

async function choosePort({ objects, ref }: ClusterSubject): Promise<number | undefined> {
  const declared = await objects.ports(ref, AbortSignal.timeout(20_000));
  if (declared.length === 1) return declared[0];
  const title = vscode.l10n.t('Forward Port');
  if (declared.length > 1) {
    const picked = await vscode.window.showQuickPick(declared.map(String), {
      title,
      placeHolder: vscode.l10n.t('Port of the container'),
    });
    return picked === undefined ? undefined : Number(picked);
  }
  const typed = await vscode.window.showInputBox({
    title,
    prompt: vscode.l10n.t('Port of the container'),
    validateInput: (value) => (isPort(value) ? undefined : vscode.l10n.t('A number from 1 to 65535')),
  });
  return typed === undefined ? undefined : Number(typed);
}

function isPort(value: string): boolean {
  return /^\d{1,5}$/.test(value) && Number(value) > 0 && Number(value) < 65_536;
}
