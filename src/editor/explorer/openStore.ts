import * as vscode from 'vscode';
import type { Services } from '../../pipeline/services';
import { ClusterStore } from './clusterStore';

/** The clusters of all kinds of targets, looked for again when a kubeconfig file or a setting about them changed. */
export function clusterStore(services: () => Promise<Services>): ClusterStore {
  return new ClusterStore({
    discover: async (signal) => {
      const { targetKinds } = await import('../../targets');
      const { context } = await services();
      const found = await Promise.all(targetKinds.map(async (load) => (await load()).clusters(context, signal)));
      return found.flat();
    },
    onConfiguration: (changed) => {
      const settings = vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration('slipway')) changed();
      });
      const stop = new AbortController();
      void import('./watchKubeconfig').then(({ watchKubeconfig }) => watchKubeconfig(services, changed, stop.signal));
      return {
        dispose: () => {
          settings.dispose();
          stop.abort();
        },
      };
    },
  });
}
