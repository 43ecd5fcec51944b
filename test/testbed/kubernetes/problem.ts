import { existsSync } from 'node:fs';
import { findProgram } from '../program';
import { builtBinaries } from './binaries';

/** Programs of the system with the Debian package of each. */
const programs: Readonly<Record<string, string>> = {
  etcd: 'etcd-server',
  containerd: 'containerd',
  runc: 'runc',
  'docker-registry': 'docker-registry',
  debootstrap: 'debootstrap',
  nft: 'nftables',
  iptables: 'iptables',
  ipset: 'ipset',
  ip: 'iproute2',
  openssl: 'openssl',
  nsenter: 'util-linux',
  unshare: 'util-linux',
  setpriv: 'util-linux',
};
/** What connects pods to the network: files of another folder than programs. */
const networkPlugin = '/usr/lib/cni/ptp';

/** Why this machine cannot start a cluster, whether or not its programs are built; undefined when it can. */
export function machineProblem(): string | undefined {
  if (process.platform !== 'linux') return 'Kubernetes runs on Linux';
  if (process.getuid?.() !== 0) return 'starting a Kubernetes cluster needs root';
  const missing = Object.keys(programs).filter((name) => findProgram(name) === undefined);
  const packages = new Set(missing.map((name) => programs[name] ?? name));
  if (!existsSync(networkPlugin)) packages.add('containernetworking-plugins');
  if (packages.size === 0) return undefined;
  return `programs of it are not installed (on Debian: apt install ${[...packages].join(' ')})`;
}

/** Why this machine cannot run tests on a cluster: they build its programs on CI only, because that takes long. */
export function clusterProblem(): string | undefined {
  const problem = machineProblem();
  const isBuilt = builtBinaries('cluster') !== undefined && builtBinaries('kube-router') !== undefined;
  if (problem !== undefined || process.env['CI'] === 'true' || isBuilt) return problem;
  return 'Kubernetes is not built for tests yet (npm run testbed -- kubernetes --build does it, in up to half an hour)';
}
