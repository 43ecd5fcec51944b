import * as vscode from 'vscode';
import type { Command } from './command';

/** Opens the address of a port forward in the browser. */
export const openForward: Command = async (app, subject) => {
  const id = (subject as { readonly node?: { readonly id?: string } } | undefined)?.node?.id;
  const url = app.forwards.all.find((one) => one.id === id)?.state?.url;
  if (url !== undefined) await vscode.env.openExternal(await vscode.env.asExternalUri(vscode.Uri.parse(url)));
};
