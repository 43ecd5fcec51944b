import { readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import path from 'node:path';
import { parse, stringify } from 'yaml';
import { startFaultProxy, type Fault, type FaultProxy, type SeenRequest } from '../support/faultProxy';
import type { TestCluster } from '../testbed/kubernetes/cluster';

/** An unreliable network before the API server, and a kubeconfig of the administrator that leads through it. */
export interface ApiProxy extends FaultProxy {
  readonly kubeconfig: string;
}

interface Kubeconfig {
  readonly clusters: readonly { readonly cluster: { readonly 'certificate-authority-data': string } }[];
  readonly users: readonly {
    readonly user: { readonly 'client-certificate-data': string; readonly 'client-key-data': string };
  }[];
}

export async function startApiProxy(cluster: TestCluster, decide: (request: SeenRequest) => Fault): Promise<ApiProxy> {
  const { clusters, users } = parse(readFileSync(cluster.kubeconfig, 'utf8')) as Kubeconfig;
  const decoded = (text = ''): Buffer => Buffer.from(text, 'base64');
  const { hostname, port } = new URL(cluster.server);
  const tls = {
    ca: decoded(clusters[0]?.cluster['certificate-authority-data']),
    cert: decoded(users[0]?.user['client-certificate-data']),
    key: decoded(users[0]?.user['client-key-data']),
  };
  const proxy = await startFaultProxy((options) => request({ hostname, port, ...tls, ...options }), decide);
  const kubeconfig = path.join(cluster.folder, `proxy-${proxy.host.replace(':', '-')}.kubeconfig`);
  const content = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'testbed',
    clusters: [{ name: 'testbed', cluster: { server: `http://${proxy.host}` } }],
    users: [{ name: 'nobody', user: {} }],
    contexts: [{ name: 'testbed', context: { cluster: 'testbed', user: 'nobody' } }],
  };
  writeFileSync(kubeconfig, stringify(content));
  return { ...proxy, kubeconfig };
}
