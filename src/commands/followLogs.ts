import * as vscode from 'vscode';
import type { App } from '../app';
import { tracebackLinkProvider } from '../editor/logs/linkProvider';
import { LogViews } from '../editor/logs/logViews';
import { releaseOrigins } from '../pipeline/releaseOrigin';
import type { Command } from './command';

export const followLogs: Command = async (app, subject, options) => {
  const chosen = await app.chooseModel(subject, { title: vscode.l10n.t('Follow Logs') });
  if (chosen === undefined) return;
  const preserveFocus =
    typeof options === 'object' && options !== null && 'preserveFocus' in options && options.preserveFocus === true;
  const { target, model } = chosen;
  const owner = {
    id: target.id,
    displayName: target.displayName,
    logs: target.logs.bind(target),
    has: async (name: string, signal: AbortSignal) => (await target.models(signal)).some((one) => one.name === name),
  };
  await logViews(app).follow(owner, model.name, preserveFocus);
};

/** The followed logs of this window. Links in them are provided from the first use on. */
export function logViews(app: App): LogViews {
  return app.shared('logViews', () => {
    const views = new LogViews(app.extension.workspaceState);
    const provider = tracebackLinkProvider(
      (document) => views.ofDocument(document.uri)?.model,
      async (model) => releaseOrigins((await app.services()).home, model),
    );
    app.extension.subscriptions.push(
      vscode.languages.registerDocumentLinkProvider({ scheme: 'output', language: 'log' }, provider),
    );
    return views;
  });
}
