import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import { runTool } from '../runTool';
import type { TestCluster } from './cluster';

/** Nodes and pods that only the API server knows; each fourth node has GPUs. */
export interface Fakes {
  readonly nodes: number;
  /** Spread over namespaces scale-0, scale-1 and so on. */
  readonly pods: number;
  /** 20 unless told. */
  readonly namespaces?: number;
  /** Puts pods on nodes without asking the scheduler, which takes most of the time. */
  readonly isBound?: boolean;
}

const port = 10_350;

/**
 * Lets KWOK play the kubelet for fake nodes: they are ready and their pods run. For many of them the cluster should be a
 * large one.
 * @param programs the folder of `kubernetesBinaries('scale')`
 * @param leaseSeconds in which a node says four times that it lives. Thousands of nodes that do so every few seconds
 * would be all that the cluster is busy with
 */
export function startKwok(cluster: TestCluster, programs: string, leaseSeconds = 3600): void {
  const config = path.join(cluster.folder, 'kwok.yaml');
  const options = { nodeLeaseParallelism: 8, podPlayStageParallelism: 16, nodePlayStageParallelism: 16 };
  const head = stringify({ apiVersion: 'config.kwok.x-k8s.io/v1alpha1', kind: 'KwokConfiguration', options });
  writeFileSync(config, `${head}---\n${readFileSync(path.join(programs, 'kwok-stages.yaml'), 'utf8')}`);
  cluster.machine.start('kwok', path.join(programs, 'kwok'), [
    ...['--config', config, `--kubeconfig=${cluster.kubeconfig}`, '--manage-all-nodes=false'],
    ...['--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake', '--cidr=10.200.0.0/14'],
    ...[`--node-ip=${cluster.nodeAddress}`, `--node-port=${port}`, `--server-address=${cluster.nodeAddress}:${port}`],
    `--node-lease-duration-seconds=${leaseSeconds}`,
  ]);
}

/** Adds fake nodes and pods; resolves once they are made, before they are ready. @returns how long it took, as text */
export async function addFakes(cluster: TestCluster, programs: string, fakes: Fakes): Promise<string> {
  const { nodes, pods, namespaces = 20, isBound = false } = fakes;
  const numbers = ['-nodes', nodes, '-pods', pods, '-namespaces', namespaces].map(String);
  const env = { ...process.env, KUBECONFIG: cluster.kubeconfig };
  return runTool(path.join(programs, 'kcscale'), [...numbers, ...(isBound ? ['-bind'] : [])], { env });
}
