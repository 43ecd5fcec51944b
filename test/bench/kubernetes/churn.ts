import { setTimeout as delay } from 'node:timers/promises';
import { clientFor, resourcePath, resources } from '../../../src/clients/kubernetes';
import { loadKubeconfig } from '../../../src/clients/kubernetes/kubeconfigFiles';

interface Task {
  readonly kubeconfig: string;
  readonly seconds: number;
  readonly perSecond: number;
}

const workers = 64;

/** Changes an annotation of one fake node after another, as often as wanted or as the server can. @returns how often */
async function churn({ kubeconfig, seconds, perSecond }: Task): Promise<number> {
  const [context] = (await loadKubeconfig([kubeconfig])).contexts;
  if (context === undefined) throw new Error('There is no context.');
  const client = clientFor(context);
  const signal = new AbortController().signal;
  const start = performance.now();
  let [next, made] = [0, 0];
  const work = async (): Promise<void> => {
    for (;;) {
      const spent = performance.now() - start;
      if (spent > seconds * 1000) return;
      if (next > (spent / 1000) * perSecond) {
        await delay(1);
        continue;
      }
      const index = next++;
      const name = `fake-${String(index % 4000).padStart(5, '0')}`;
      const body = { metadata: { annotations: { 'slipway.dev/churn': String(index) } } };
      const contentType = 'application/merge-patch+json';
      await client
        .request(
          {
            what: 'change a node',
            method: 'PATCH',
            path: resourcePath(resources.nodes, undefined, name),
            body,
            contentType,
          },
          signal,
        )
        .then(
          () => made++,
          () => undefined,
        );
    }
  };
  await Promise.all(Array.from({ length: workers }, work));
  return made;
}

process.send?.(await churn(JSON.parse(process.argv[2] ?? '{}') as Task));
process.exit(0);
