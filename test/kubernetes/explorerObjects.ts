import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { labels, manager } from '../../src/targets/kubernetes/names';

/**
 * The objects that the story of the explorer is about: a model that answers, one over its quota, and pods that cannot be
 * scheduled, pulled or kept running. @returns a file for kubectl
 */
export async function writeObjects(folder: string, image: string): Promise<string> {
  const container = (name: string, rest: Readonly<Record<string, unknown>>) => ({ name, image, ...rest });
  const pod = (name: string, rest: Readonly<Record<string, unknown>>) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'team' },
    spec: { terminationGracePeriodSeconds: 1, containers: [container('main', rest)] },
  });
  const deployment = (
    name: string,
    replicas: number,
    rest: Readonly<Record<string, unknown>>,
    own: Readonly<Record<string, string>> = {},
  ) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: 'team', ...(Object.keys(own).length === 0 ? {} : { labels: own }) },
    spec: {
      replicas,
      minReadySeconds: 1,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { terminationGracePeriodSeconds: 1, containers: [container('web', rest)] },
      },
    },
  });
  const server = {
    command: ['python3', '-u', '-m', 'http.server', '8080'],
    ports: [{ containerPort: 8080 }],
    resources: { requests: { cpu: '50m', memory: '64Mi' } },
    readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 },
  };
  const items = [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team' } },
    {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'small', namespace: 'team' },
      spec: { hard: { 'limits.memory': '1Gi' }, scopes: ['NotTerminating'] },
    },
    deployment('web', 2, { ...server, resources: { ...server.resources, limits: { memory: '128Mi' } } }),
    deployment('iris', 0, server, { [labels.managedBy]: manager, [labels.model]: 'iris', [labels.release]: '3' }),
    deployment('starved', 1, { ...server, resources: { limits: { memory: '4Gi' } } }),
    pod('needs-gpu', { resources: { limits: { 'nvidia.com/gpu': '4', memory: '64Mi' } } }),
    {
      ...pod('bad-image', {}),
      spec: {
        containers: [
          { name: 'main', image: image.replace(/\/.*/, '/nothing/here:1'), resources: { limits: { memory: '64Mi' } } },
        ],
      },
    },
    pod('crashes', { command: ['python3', '-c', 'raise SystemExit(3)'], resources: { limits: { memory: '64Mi' } } }),
  ];
  const file = path.join(folder, 'objects.json');
  await writeFile(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  return file;
}
