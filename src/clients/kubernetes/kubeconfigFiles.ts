import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { proxyFromEnvironment } from './proxy';
import { readKubeconfigs, type Kubeconfig, type KubeContext } from './kubeconfig';

const serviceAccount = '/var/run/secrets/kubernetes.io/serviceaccount';

/**
 * The kubeconfig files that count, in their order: those chosen for Slipway, else those of KUBECONFIG, else the one in
 * the home folder. A file need not exist.
 * @param chosen one path, or several with the system's delimiter between them
 */
export function kubeconfigFiles(chosen: string, env: NodeJS.ProcessEnv = process.env): readonly string[] {
  const list = chosen !== '' ? chosen : (env['KUBECONFIG'] ?? '');
  const files = list.split(path.delimiter).filter((file) => file.trim() !== '');
  if (files.length === 0) return [path.join(homedir(), '.kube', 'config')];
  return [...new Set(files.map((file) => path.resolve(file.replace(/^~(?=$|[\\/])/, homedir()))))];
}

/**
 * Every context of the files, and the cluster that this process runs in, if it runs in one.
 * @param proxy leads to clusters that name none of their own; empty for that of the environment
 */
export async function loadKubeconfig(files: readonly string[], proxy = ''): Promise<Kubeconfig> {
  const read = await readKubeconfigs(files);
  const inside = await inCluster();
  const all = inside === undefined ? read.contexts : [...read.contexts, inside];
  return { ...read, contexts: proxy === '' ? all : all.map((context) => withProxy(context, proxy)) };
}

function withProxy(context: KubeContext, proxy: string): KubeContext {
  const { cluster } = context;
  const { NO_PROXY, no_proxy } = process.env;
  const env = { ALL_PROXY: proxy, NO_PROXY: no_proxy ?? NO_PROXY ?? '' };
  const proxyUrl = cluster.proxyUrl ?? proxyFromEnvironment(cluster.server, env);
  return proxyUrl === undefined ? context : { ...context, cluster: { ...cluster, proxyUrl } };
}

/** https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/ */
async function inCluster(env: NodeJS.ProcessEnv = process.env): Promise<KubeContext | undefined> {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = env;
  const tokenFile = path.join(serviceAccount, 'token');
  if (host === undefined || host === '' || !existsSync(tokenFile)) return undefined;
  const name = 'in-cluster';
  const namespace = await readFile(path.join(serviceAccount, 'namespace'), 'utf8').catch(() => undefined);
  return {
    name,
    file: tokenFile,
    line: 1,
    namespace: namespace?.trim(),
    cluster: {
      name,
      server: `https://${host.includes(':') ? `[${host}]` : host}:${port ?? '443'}`,
      caFile: path.join(serviceAccount, 'ca.crt'),
      skipTLSVerify: false,
    },
    user: { name, tokenFile },
  };
}
