import * as vscode from 'vscode';
import { createApp, type App, type ClustersView, type ModelsView } from './app';
import { commands } from './commands';
import { runCommand } from './editor/runCommand';
import { createStatusBarItem } from './editor/statusBar';
import { createClustersView } from './views/clustersView';
import { createForwardsView } from './views/forwardsView';
import { createModelsView } from './views/modelsView';
import { createRegistriesView } from './views/registriesView';

/** Registers everything and does nothing yet: what a command or a view needs is loaded when it is used. */
export function activate(context: vscode.ExtensionContext): void {
  const app = createApp(context, { models: () => modelsView, clusters: () => clustersView });
  const modelsView: ModelsView = createModelsView(app);
  const clustersView: ClustersView = createClustersView(app);
  context.subscriptions.push(
    modelsView,
    clustersView,
    createForwardsView(app),
    createRegistriesView(app),
    createStatusBarItem(app.models),
    ...Object.entries(commands).map(([id, load]) =>
      vscode.commands.registerCommand(id, (...args: readonly unknown[]) =>
        runCommand(app.log, id, async () => (await load())(app, ...args)),
      ),
    ),
  );
  void restoreDocuments(app);
}

/** Documents of Test Prediction that the window shows again after it was reloaded. */
async function restoreDocuments(app: App): Promise<void> {
  const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs);
  if (!tabs.some(({ input }) => input instanceof vscode.TabInputText && input.uri.scheme === 'slipway-test')) return;
  const { testDocuments } = await import('./commands/testPrediction');
  testDocuments(app);
}
