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
      const clusters = found.flat();
      return [...clusters.filter(({ pinned }) => pinned), ...clusters.filter(({ pinned }) => pinned !== true)];
    },
    onConfiguration: (changed) => {
      let stop = new AbortController();
      const watchFiles = (): void => {
        stop.abort();
        stop = new AbortController();
        const { signal } = stop;
        void import('./watchKubeconfig').then(({ watchKubeconfig }) => watchKubeconfig(services, changed, signal));
      };
      const settings = vscode.workspace.onDidChangeConfiguration((event) => {
        if (!event.affectsConfiguration('slipway') && !event.affectsConfiguration('http.proxy')) return;
        watchFiles();
        changed();
      });
      watchFiles();
      return {
        dispose: () => {
          settings.dispose();
          stop.abort();
        },
      };
    },
  });
}
