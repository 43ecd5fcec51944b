import * as vscode from 'vscode';
import type { App, ClustersView } from '../app';
import { clusterTreeMaker } from '../tree/cluster/clusterTree';
import { NodeTree, type Row } from './treeView';
import { whileVisible } from './whileVisible';

/** The Clusters view: this machine and every context of Kubernetes, with what runs on them. */
export function createClustersView(app: App): ClustersView {
  const { clusters: store } = app;
  const draw = clusterTreeMaker(vscode.l10n.t);
  const tree = new NodeTree({
    get loaded() {
      return store.loaded;
    },
    nodes: (shownOf) => draw(store.clusters, (id) => store.below(id), shownOf),
    onChange: (listener) => store.onChange(listener),
    hold: () => store.hold(),
    load: (id) => store.load(id),
  });
  const view = vscode.window.createTreeView<Row>('slipway.clusters', { treeDataProvider: tree, showCollapseAll: true });
  const closing = view.onDidCollapseElement(({ element }) => {
    store.close(element.id);
  });
  // The view asks for rows only once: who closes a row that is still being opened, and opens it again, must see them, too.
  const opening = view.onDidExpandElement(({ element }) => {
    void store.load(element.id);
  });
  const visible = whileVisible(view, () => store.hold());
  return {
    reveal: async (parent, id) => {
      const list = tree.find(parent);
      const element = list === undefined ? undefined : tree.showRow(list, id);
      if (element !== undefined) await view.reveal(element, { select: true, focus: true });
    },
    dispose: () => {
      for (const one of [visible, opening, closing, view, tree]) one.dispose();
    },
  };
}
