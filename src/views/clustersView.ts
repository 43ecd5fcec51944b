import * as vscode from 'vscode';
import type { App } from '../app';
import type { Disposable } from '../editor/feed';
import { clusterTreeMaker } from '../tree/cluster/clusterTree';
import { NodeTree, type Row } from './treeView';
import { whileVisible } from './whileVisible';

/** The Clusters view: this machine and every context of Kubernetes, with what runs on them. */
export function createClustersView(app: App): Disposable {
  const { clusters: store } = app;
  const draw = clusterTreeMaker(vscode.l10n.t);
  const tree = new NodeTree({
    get loaded() {
      return store.loaded;
    },
    nodes: (limit) => draw(store.clusters, (id) => store.below(id), limit),
    onChange: (listener) => store.onChange(listener),
    hold: () => store.hold(),
    load: (id) => store.load(id),
  });
  const view = vscode.window.createTreeView<Row>('slipway.clusters', { treeDataProvider: tree, showCollapseAll: true });
  const closing = view.onDidCollapseElement(({ element }) => {
    store.close(element.id);
  });
  const visible = whileVisible(view, () => store.hold());
  return {
    dispose: () => {
      for (const one of [visible, closing, view, tree]) one.dispose();
    },
  };
}
