import * as vscode from 'vscode';
import type { App, ModelsView } from '../app';
import { modelNodeId, modelTree, releaseNodeId } from '../tree/modelTree';
import { NodeTree, type Row } from './treeView';
import { whileVisible } from './whileVisible';

const modelFiles = '**/*.{ipynb,joblib,pkl,onnx,ubj,safetensors}';

/** The Models view: every model with its replicas and releases. */
export function createModelsView(app: App): ModelsView {
  const { models: feed } = app;
  const tree = new NodeTree({
    get loaded() {
      return feed.loaded;
    },
    nodes: () =>
      modelTree(
        feed.entries.map(({ source, value, broken }) => ({ target: source, models: value, broken })),
        vscode.l10n.t,
      ),
    onChange: (listener) => feed.onChange(listener),
    hold: () => feed.hold(),
  });
  const view = vscode.window.createTreeView<Row>('slipway.models', { treeDataProvider: tree, showCollapseAll: true });
  const visible = whileVisible(view, () => {
    void tellWhetherThereIsAProject();
    return feed.hold();
  });
  return {
    reveal: async (model, version) => {
      const id = version === undefined ? modelNodeId(model) : releaseNodeId(modelNodeId(model), version);
      if (tree.find(id) === undefined) await tree.getChildren();
      const element = tree.find(id);
      if (element !== undefined) await view.reveal(element, { select: true, focus: false, expand: true });
    },
    dispose: () => {
      visible.dispose();
      view.dispose();
      tree.dispose();
    },
  };
}

/** For the view's welcome texts; looked up when the view is first seen, not at start. */
async function tellWhetherThereIsAProject(): Promise<void> {
  const [found] = await vscode.workspace.findFiles(modelFiles, undefined, 1);
  await vscode.commands.executeCommand('setContext', 'slipway.project', found === undefined ? 'none' : 'some');
}
