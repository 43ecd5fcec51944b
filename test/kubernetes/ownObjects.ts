const team = { namespace: 'team' };
const image = 'nothing.example.org/none:1';

/** A pod that no node can take, and a CronJob that rests. */
export const objectsOfTeam: readonly object[] = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team' } },
  {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'needs-gpus', ...team },
    spec: { containers: [{ name: 'main', image, resources: { limits: { 'nvidia.com/gpu': '4' } } }] },
  },
  {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'nightly', ...team },
    spec: {
      schedule: '0 3 * * *',
      suspend: true,
      jobTemplate: {
        spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'train', image }] } } },
      },
    },
  },
];

/** A node as NVIDIA's device plugin and labeller leave one whose GPUs are whole and sliced; what it can give is status. */
export const gpuNode = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'gpu-1', labels: { 'nvidia.com/gpu.product': 'NVIDIA-A100-SXM4-40GB' } },
  spec: { taints: [{ key: 'nvidia.com/gpu', effect: 'NoSchedule' }] },
};

const schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

/** A kind of somebody's, with a column. */
export const definition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'notebooks.example.org' },
  spec: {
    group: 'example.org',
    scope: 'Namespaced',
    names: { plural: 'notebooks', singular: 'notebook', kind: 'Notebook' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: schema },
        additionalPrinterColumns: [{ name: 'Phase', type: 'string', jsonPath: '.phase' }],
      },
    ],
  },
};

export function notebook(phase: string): object {
  return { apiVersion: 'example.org/v1', kind: 'Notebook', metadata: { name: 'analysis', ...team }, phase };
}
