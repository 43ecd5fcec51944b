import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { TestCluster } from './cluster';
import { writeYaml } from './files';

/**
 * Starts Karpenter with its provider of fake machines, which KWOK runs: pods that fit nowhere get nodes, and nodes that
 * are empty for ten seconds go. Pods must tolerate the taint of these nodes, which only pretend to run them. KWOK must run
 * already.
 * @param programs the folder of `kubernetesBinaries('karpenter')`
 * @param bootSeconds how long a machine takes to appear
 */
export async function startKarpenter(cluster: TestCluster, programs: string, bootSeconds = 2): Promise<void> {
  const { folder, machine, kubeconfig } = cluster;
  await cluster.kubectl('apply', '--server-side', '-f', path.join(programs, 'karpenter-crds.yaml'));
  const kinds = ['nodepools.karpenter.sh', 'nodeclaims.karpenter.sh', 'kwoknodeclasses.karpenter.kwok.sh'];
  await cluster.kubectl('wait', '--for=condition=Established', ...kinds.map((kind) => `crd/${kind}`), '--timeout=60s');
  await cluster.kubectl('create', 'namespace', 'karpenter');
  const types = path.join(folder, 'instance-types.json');
  writeFileSync(types, JSON.stringify([instanceType(4), instanceType(16)]));
  const variables = [`KUBECONFIG=${kubeconfig}`, 'SYSTEM_NAMESPACE=karpenter', 'KUBERNETES_MIN_VERSION=1.19.0-0'];
  machine.start('karpenter', 'env', [
    ...[...variables, path.join(programs, 'karpenter'), '--disable-leader-election=true'],
    ...[`--instance-types-file-path=${types}`, '--batch-idle-duration=1s', '--batch-max-duration=5s'],
  ]);
  await cluster.kubectl(
    'apply',
    '-f',
    writeYaml(path.join(folder, 'karpenter.yaml'), nodeClass(bootSeconds), nodePool),
  );
  await cluster.kubectl('wait', '--for=condition=Ready', 'nodepool/fake', '--timeout=60s');
}

function instanceType(cpu: number): object {
  const only = (key: string, value: string): object => ({ key, operator: 'In', values: [value] });
  return {
    name: `fake-${cpu}`,
    architecture: 'amd64',
    operatingSystems: ['linux'],
    resources: { cpu: String(cpu), memory: `${4 * cpu}Gi`, 'ephemeral-storage': '100Gi' },
    offerings: [
      {
        Price: cpu / 20,
        Available: true,
        Requirements: [only('karpenter.sh/capacity-type', 'on-demand'), only('topology.kubernetes.io/zone', 'zone-a')],
      },
    ],
  };
}

const nodeClass = (bootSeconds: number): object => ({
  apiVersion: 'karpenter.kwok.sh/v1alpha1',
  kind: 'KWOKNodeClass',
  metadata: { name: 'default' },
  spec: { nodeRegistrationDelay: `${bootSeconds}s` },
});

const nodePool = {
  apiVersion: 'karpenter.sh/v1',
  kind: 'NodePool',
  metadata: { name: 'fake' },
  spec: {
    limits: { cpu: '1000' },
    // By default one node goes at a time.
    disruption: { consolidationPolicy: 'WhenEmpty', consolidateAfter: '10s', budgets: [{ nodes: '100%' }] },
    template: {
      spec: {
        nodeClassRef: { group: 'karpenter.kwok.sh', kind: 'KWOKNodeClass', name: 'default' },
        taints: [{ key: 'kwok.x-k8s.io/node', value: 'fake', effect: 'NoSchedule' }],
        requirements: [
          { key: 'karpenter.sh/capacity-type', operator: 'In', values: ['on-demand'] },
          { key: 'node.kubernetes.io/instance-type', operator: 'In', values: ['fake-4', 'fake-16'] },
        ],
      },
    },
  },
};
