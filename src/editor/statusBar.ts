import * as vscode from 'vscode';
import { summarize } from '../tree/modelText';
import type { Disposable } from './feed';
import type { ModelFeed } from './modelFeed';

/** One short item at the left: how the models are, or nothing while there are none. It tells what was last seen and watches nothing itself. */
export function createStatusBarItem(feed: ModelFeed): Disposable {
  const item = vscode.window.createStatusBarItem('slipway.models', vscode.StatusBarAlignment.Left);
  item.name = 'Slipway';
  item.command = 'slipway.models.focus';
  const subscription = feed.onChange(() => {
    const summary = summarize(
      feed.entries.flatMap((entry) => entry.value ?? []),
      vscode.l10n.t,
    );
    if (summary === undefined) {
      item.hide();
      return;
    }
    item.text = `${summary.failed ? '$(error)' : '$(rocket)'} ${summary.text}`;
    item.tooltip = vscode.l10n.t('Slipway models as of {0}', new Date().toLocaleTimeString());
    item.accessibilityInformation = { label: vscode.l10n.t('Slipway, {0}', summary.text) };
    item.show();
  });
  return {
    dispose: () => {
      item.dispose();
      subscription.dispose();
    },
  };
}
