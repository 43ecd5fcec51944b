// Loaded before a workspace changes where temporary files go: what translates sources would be started with those.
import '../../src/targets/kubernetes/operations';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseImageReference } from '../../src/core/image';
import { pushBase } from '../testbed/docker/baseImage';
import { startCluster, type ClusterOptions, type TestCluster } from '../testbed/kubernetes/cluster';
import { repository, type WorkspaceOptions } from '../support/workspace';

/** A cluster with a base image in its registry. */
export interface DeployBench {
  readonly cluster: TestCluster;
  /** An image with Python, by digest. */
  readonly base: string;
  /** Makes a namespace that enforces the restricted Pod Security Standard, with what a workspace needs to deploy there. */
  namespace(name: string, kubeconfig?: string): Promise<WorkspaceOptions>;
  /**
   * The same as people who run a cluster give it to others: a quota, limits, nothing let in or out, and the Role of
   * docs/rbac.yaml for alice, who deploys. The cluster must enforce NetworkPolicies.
   * @param letsUsIn by a policy of its own, as ingress controllers are let in: this machine, and nobody else
   */
  guardedNamespace(name: string, letsUsIn?: boolean): Promise<WorkspaceOptions>;
  /** Address of a model's Service for this machine. */
  reach(namespace: string, model: string): Promise<string>;
}

/** What has nodes enforce NetworkPolicies. */
export const policies = process.env['SLIPWAY_TEST_KUBERNETES_ROUTER'] ?? '';

export async function openDeployBench(options: Partial<ClusterOptions> = {}): Promise<DeployBench> {
  const cluster = await startCluster({ programs: process.env['SLIPWAY_TEST_KUBERNETES'] ?? '', ...options });
  try {
    const base = await pushBase(cluster.registry.host, process.env['SLIPWAY_TEST_BASE'] ?? '');
    return benchOf(cluster, base);
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

function benchOf(cluster: TestCluster, base: string): DeployBench {
  const { host } = cluster.registry;
  const bench: DeployBench = {
    cluster,
    base,
    guardedNamespace: async (name, letsUsIn = false) => {
      const options = await bench.namespace(name, cluster.user('alice'));
      const file = path.join(cluster.folder, `${name}-guards.json`);
      const { hostAddress } = cluster.machine.network;
      const items = [...guards(name), ...(letsUsIn ? [visitors(name, hostAddress)] : [])];
      await writeFile(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
      await cluster.kubectl('apply', '-f', file);
      await cluster.kubectl('apply', '-n', name, '-f', path.join(repository, 'docs/rbac.yaml'));
      await cluster.kubectl('create', 'rolebinding', 'deploys', '--role=slipway-deploy', '--user=alice', '-n', name);
      return options;
    },
    namespace: async (name, kubeconfig = cluster.kubeconfig) => {
      await cluster.kubectl('create', 'namespace', name);
      await cluster.kubectl('label', 'namespace', name, 'pod-security.kubernetes.io/enforce=restricted');
      return {
        target: `kubernetes:testbed/${name}`,
        kubeconfig,
        image: (model) => ({ reference: parseImageReference(`${host}/${name}/${model}`), base, insecure: [host] }),
      };
    },
    reach: (namespace, model) => openService(cluster, namespace, model),
  };
  return bench;
}

/** @returns the address of a Service for this machine */
export async function openService(cluster: TestCluster, namespace: string, name: string): Promise<string> {
  const service = ['-n', namespace, 'service', name];
  // The type belongs to nobody, so a deploy leaves it alone.
  await cluster.kubectl('patch', ...service, '-p', '{"spec":{"type":"NodePort"}}');
  const port = await cluster.kubectl('get', ...service, '-o=jsonpath={.spec.ports[0].nodePort}');
  return `http://${cluster.nodeAddress}:${port}`;
}

function guards(namespace: string): readonly object[] {
  const metadata = { name: 'guard', namespace };
  return [
    {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata,
      spec: { hard: { 'requests.cpu': '4', 'requests.memory': '8Gi', 'limits.memory': '16Gi', pods: '12' } },
    },
    {
      apiVersion: 'v1',
      kind: 'LimitRange',
      metadata,
      spec: {
        limits: [{ type: 'Container', default: { memory: '1Gi' }, defaultRequest: { cpu: '50m', memory: '128Mi' } }],
      },
    },
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata,
      spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
    },
  ];
}

function visitors(namespace: string, address: string): object {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'visitors', namespace },
    spec: { podSelector: {}, policyTypes: ['Ingress'], ingress: [{ from: [{ ipBlock: { cidr: `${address}/32` } }] }] },
  };
}
