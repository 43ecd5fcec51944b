// Loaded before a workspace changes where temporary files go: what translates sources would be started with those.
import '../../src/targets/kubernetes/operations';
import { parseImageReference } from '../../src/core/image';
import { pushBase } from '../testbed/docker/baseImage';
import { startCluster, type ClusterOptions, type TestCluster } from '../testbed/kubernetes/cluster';
import type { WorkspaceOptions } from '../support/workspace';

/** A cluster with a base image in its registry. */
export interface DeployBench {
  readonly cluster: TestCluster;
  /** An image with Python, by digest. */
  readonly base: string;
  /** Makes a namespace that enforces the restricted Pod Security Standard, with what a workspace needs to deploy there. */
  namespace(name: string, kubeconfig?: string): Promise<WorkspaceOptions>;
  /** Address of a model's Service for this machine. */
  reach(namespace: string, model: string): Promise<string>;
}

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
  return {
    cluster,
    base,
    namespace: async (name, kubeconfig = cluster.kubeconfig) => {
      await cluster.kubectl('create', 'namespace', name);
      await cluster.kubectl('label', 'namespace', name, 'pod-security.kubernetes.io/enforce=restricted');
      return {
        target: `kubernetes:testbed/${name}`,
        kubeconfig,
        image: (model) => ({ reference: parseImageReference(`${host}/${name}/${model}`), base, insecure: [host] }),
      };
    },
    reach: async (namespace, model) => {
      const service = ['-n', namespace, 'service', model];
      // The type belongs to nobody, so a deploy leaves it alone.
      await cluster.kubectl('patch', ...service, '-p', '{"spec":{"type":"NodePort"}}');
      const port = await cluster.kubectl('get', ...service, '-o=jsonpath={.spec.ports[0].nodePort}');
      return `http://${cluster.nodeAddress}:${port}`;
    },
  };
}
