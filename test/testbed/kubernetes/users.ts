import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import type { Certificates } from './certificates';

/** People with no rights of their own: tests give them some. */
export type TestUser = 'alice' | 'bob';

/** What runs the cluster; each knows itself by a token. */
export type Component = 'controller-manager' | 'scheduler' | 'proxy' | 'coredns' | 'metrics-server' | 'kube-router';

interface Identity {
  readonly name: string;
  readonly groups: readonly string[];
}

const identities: Readonly<Record<TestUser | Component, Identity>> = {
  alice: { name: 'alice', groups: ['dev'] },
  bob: { name: 'bob', groups: ['viewers'] },
  'controller-manager': { name: 'system:kube-controller-manager', groups: [] },
  scheduler: { name: 'system:kube-scheduler', groups: [] },
  proxy: { name: 'system:kube-proxy', groups: [] },
  coredns: { name: 'system:coredns', groups: [] },
  'kube-router': { name: 'system:kube-router', groups: [] },
  'metrics-server': {
    name: 'system:serviceaccount:kube-system:metrics-server',
    groups: ['system:serviceaccounts'],
  },
};

/** The users of a cluster, as files. */
export interface Users {
  /** What the API server reads. */
  readonly tokens: string;
  /** The kubeconfig file of somebody who may do anything, by certificate. */
  readonly admin: string;
  /** The kubeconfig file of one of the others, by token. */
  kubeconfig(user: TestUser | Component): string;
  /** The kubeconfig file of a node's kubelet. */
  kubelet(node: string): string;
}

/** Writes the users' files into a folder. @param server the API server's address @param nodes their names */
export function writeUsers(
  folder: string,
  server: string,
  nodes: readonly string[],
  certificates: Certificates,
): Users {
  const file = (name: string): string => path.join(folder, `${name}.kubeconfig`);
  const write = (name: string, user: object): string => {
    const content = kubeconfig(server, certificates.authority, name, user);
    writeFileSync(file(name), content, { mode: 0o600 });
    return file(name);
  };
  const kubelets = nodes.map((node): [string, Identity] => [
    `kubelet-${node}`,
    { name: `system:node:${node}`, groups: ['system:nodes'] },
  ]);
  const rows = [...Object.entries(identities), ...kubelets].map(([user, { name, groups }]) => {
    const token = randomBytes(16).toString('hex');
    write(user, { token });
    return `${token},${name},${name},"${groups.join(',')}"\n`;
  });
  const tokens = path.join(folder, 'tokens.csv');
  writeFileSync(tokens, rows.join(''), { mode: 0o600 });
  const { certificate, key } = certificates.admin;
  const admin = write('admin', { 'client-certificate-data': encoded(certificate), 'client-key-data': encoded(key) });
  return { tokens, admin, kubeconfig: file, kubelet: (node) => file(`kubelet-${node}`) };
}

function kubeconfig(server: string, authority: string, name: string, user: object): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'testbed',
    clusters: [{ name: 'testbed', cluster: { server, 'certificate-authority-data': encoded(authority) } }],
    users: [{ name, user }],
    contexts: [{ name: 'testbed', context: { cluster: 'testbed', user: name } }],
  });
}

function encoded(file: string): string {
  return readFileSync(file).toString('base64');
}
