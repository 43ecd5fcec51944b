import path from 'node:path';
import { ChangeSignal } from '../../clients/files/changeSignal';
import { kubeconfigFiles } from '../../clients/kubernetes/kubeconfigFiles';
import type { Services } from '../../pipeline/services';

/** File systems that tell of no change are looked at so often. */
const pollMs = 30_000;

/**
 * Calls back when something changed in a folder that holds a kubeconfig file, until aborted: tools replace such files
 * rather than write to them.
 */
export async function watchKubeconfig(
  services: () => Promise<Services>,
  changed: () => void,
  stop: AbortSignal,
): Promise<void> {
  const follow = async (folder: string): Promise<void> => {
    const signal = new ChangeSignal(folder, pollMs);
    try {
      for (;;) {
        await signal.wait(stop);
        changed();
      }
    } finally {
      signal.close();
    }
  };
  const { context } = await services();
  const folders = new Set(kubeconfigFiles(context.kubeconfig ?? '').map((file) => path.dirname(file)));
  await Promise.allSettled([...folders].map(follow));
}
