import * as vscode from 'vscode';
import type { App } from '../app';
import type { Disposable } from '../editor/feed';
import { forwardTree } from '../tree/cluster/forwardTree';
import { NodeTree, type Row } from './treeView';

/** The Port Forwards view; it is there while there are any. */
export function createForwardsView(app: App): Disposable {
  const { forwards } = app;
  const tree = new NodeTree({
    loaded: true,
    nodes: () => forwardTree(forwards.all, vscode.l10n.t),
    onChange: (listener) => forwards.onChange(listener),
    hold: () => ({ dispose: () => undefined }),
  });
  const counting = forwards.onChange(() => {
    void vscode.commands.executeCommand('setContext', 'slipway.forwards', forwards.all.length);
  });
  const view = vscode.window.createTreeView<Row>('slipway.forwards', { treeDataProvider: tree });
  return {
    dispose: () => {
      for (const one of [counting, view, tree]) one.dispose();
    },
  };
}
