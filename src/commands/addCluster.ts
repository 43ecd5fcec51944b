import * as vscode from 'vscode';
import type { ClusterTool, FoundCluster, ToolAnswer } from '../clients/kubernetes/clusterTools';
import { withNotification } from '../editor/progress';
import { readSetting } from '../editor/settings';
import type { Command } from './command';

interface Item extends vscode.QuickPickItem {
  readonly tool?: ClusterTool;
  readonly cluster?: FoundCluster;
}

/** Lists the clusters that installed command lines know, and has the one of a chosen cluster add it to the kubeconfig. */
export const addCluster: Command = async (app) => {
  const { addCredentials, findClusters } = await import('../clients/kubernetes/clusterTools');
  const answers = await withNotification(vscode.l10n.t('Looking for clusters'), (_progress, signal) =>
    findClusters(signal),
  );
  const chosen = await vscode.window.showQuickPick<Item>(itemsOf(answers), {
    title: vscode.l10n.t('Add Cluster'),
    placeHolder: vscode.l10n.t('Its command line writes how to reach it into your kubeconfig'),
    matchOnDescription: true,
  });
  const { tool, cluster } = chosen ?? {};
  if (tool === undefined || cluster === undefined) return;
  const kubeconfig = readSetting(vscode.workspace.getConfiguration(), 'slipway.kubeconfig');
  await withNotification(vscode.l10n.t('Adding {0}', cluster.name), (_progress, signal) =>
    addCredentials(tool, cluster, kubeconfig, signal),
  );
  app.clusters.refresh();
};

function itemsOf(answers: readonly ToolAnswer[]): readonly Item[] {
  if (answers.length === 0) {
    const label = vscode.l10n.t('No command line that knows clusters was found');
    return [{ label, detail: 'gcloud, aws, az, kind, minikube, k3d' }];
  }
  return answers.flatMap(({ tool, clusters, problem }) => [
    { label: tool.displayName, kind: vscode.QuickPickItemKind.Separator },
    ...clusters.map((cluster) => ({ label: cluster.name, description: cluster.description, tool, cluster })),
    ...(problem === undefined ? [] : [{ label: `$(warning) ${tool.program}`, detail: problem }]),
    ...(problem === undefined && clusters.length === 0 ? [{ label: vscode.l10n.t('No clusters') }] : []),
  ]);
}
