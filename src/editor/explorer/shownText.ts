import * as vscode from 'vscode';
import type { Disposable } from '../feed';

const scheme = 'slipway-shown';

/** Texts that are shown once, as the sides of a comparison. */
export interface ShownTexts extends Disposable {
  uri(name: string, text: string): vscode.Uri;
}

export function shownTexts(): ShownTexts {
  const texts = new Map<string, string>();
  let count = 0;
  const registration = vscode.workspace.registerTextDocumentContentProvider(scheme, {
    provideTextDocumentContent: (uri) => texts.get(uri.query) ?? '',
  });
  const forget = vscode.workspace.onDidCloseTextDocument(({ uri }) => {
    if (uri.scheme === scheme) texts.delete(uri.query);
  });
  return {
    uri: (name, text) => {
      count++;
      texts.set(String(count), text);
      return vscode.Uri.from({ scheme, path: `/${name}`, query: String(count) });
    },
    dispose: () => {
      registration.dispose();
      forget.dispose();
    },
  };
}
