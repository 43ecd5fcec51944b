import * as vscode from 'vscode';
import type { App } from '../app';
import { Feed, type Disposable } from '../editor/feed';
import type { Cluster, ClusterSnapshot } from '../core/target';
import { clusterTree } from '../tree/clusterTree';
import { NodeTree, type Row } from './treeView';
import { whileVisible } from './whileVisible';

/** The Clusters view: this machine first, with what runs on it. */
export function createClustersView(app: App): Disposable {
  const feed = new Feed<Cluster, ClusterSnapshot>({
    discover: async (signal) => {
      const { targetKinds } = await import('../targets');
      const { context } = await app.services();
      const found = await Promise.all(targetKinds.map(async (load) => (await load()).clusters(context, signal)));
      return found.flat();
    },
    watch: (cluster, signal) => cluster.watch(signal),
  });
  const tree = new NodeTree({
    get loaded() {
      return feed.loaded;
    },
    nodes: () =>
      clusterTree(
        feed.entries.map(({ source, value, broken }) => ({
          id: source.id,
          displayName: source.displayName,
          snapshot: value,
          broken,
        })),
        vscode.l10n.t,
      ),
    onChange: (listener) => feed.onChange(listener),
    hold: () => feed.hold(),
  });
  const view = vscode.window.createTreeView<Row>('slipway.clusters', { treeDataProvider: tree, showCollapseAll: true });
  const visible = whileVisible(view, () => feed.hold());
  return {
    dispose: () => {
      for (const one of [visible, view, tree, feed]) one.dispose();
    },
  };
}
