import * as vscode from 'vscode';
import type { App } from '../app';
import type { Disposable } from '../editor/feed';
import { registryTree } from '../tree/registryTree';
import { NodeTree, type Row } from './treeView';
import { whileVisible } from './whileVisible';

/** The Registries view: where Slipway's images are, down to their layers. */
export function createRegistriesView(app: App): Disposable {
  const { registries: store } = app;
  const tree = new NodeTree({
    get loaded() {
      return store.loaded;
    },
    nodes: () => registryTree(store.registries, vscode.l10n.t),
    onChange: (listener) => store.onChange(listener),
    hold: () => store.hold(),
    load: (id) => store.load(id),
    loadMore: (id) => store.loadMore(id),
  });
  const view = vscode.window.createTreeView<Row>('slipway.registries', {
    treeDataProvider: tree,
    showCollapseAll: true,
  });
  const visible = whileVisible(view, () => store.hold());
  return {
    dispose: () => {
      for (const one of [visible, view, tree]) one.dispose();
    },
  };
}
