import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { identity, program } from './controlPlane';
import type { Daemon } from './machine';
import { metricsPort, type Settings } from './settings';

const rbac = 'rbac.authorization.k8s.io';

/** What the parts of the cluster may do, beside what Kubernetes itself allows them. */
export function rights(): readonly object[] {
  return [
    // Logs, shells and forwarded ports: the kubelet asks whether the API server may.
    binding('testbed:apiserver-kubelet', 'system:kubelet-api-admin', user('kube-apiserver-kubelet-client')),
    role('system:coredns', [
      rule('', ['services', 'pods', 'namespaces'], ['list', 'watch']),
      rule('discovery.k8s.io', ['endpointslices'], ['list', 'watch']),
    ]),
    binding('system:coredns', 'system:coredns', user('system:coredns')),
    role('system:kube-router', [
      rule('', ['nodes', 'namespaces', 'pods', 'services', 'endpoints'], ['get', 'list', 'watch']),
      rule('discovery.k8s.io', ['endpointslices'], ['list', 'watch']),
      rule('networking.k8s.io', ['networkpolicies'], ['list', 'watch']),
    ]),
    binding('system:kube-router', 'system:kube-router', user('system:kube-router')),
  ];
}

/** Names of services, for pods. There is no way out of the testbed, so nothing else is known. */
export function startCoredns({ machine, users, address }: Settings): Daemon {
  const file = path.join(machine.folder, 'Corefile');
  writeFileSync(
    file,
    `.:53 {
  bind ${address}
  errors
  kubernetes cluster.local in-addr.arpa {
    kubeconfig ${users.kubeconfig('coredns')}
    pods verified
    ttl 5
  }
  cache 5
}
`,
  );
  return machine.start('coredns', program(machine.folder, 'coredns'), ['-conf', file]);
}

/** Makes the figures of metrics-server an API of the cluster. */
export function metricsApi({ address, certificates }: Settings): readonly object[] {
  const account = { kind: 'ServiceAccount', name: 'metrics-server', namespace: 'kube-system' };
  const metadata = { name: 'metrics-server', namespace: 'kube-system' };
  const ports = [{ name: 'https', port: metricsPort, protocol: 'TCP' }];
  return [
    role('system:metrics-server', [
      rule('', ['nodes/metrics'], ['get']),
      rule('', ['pods', 'nodes'], ['get', 'list', 'watch']),
    ]),
    {
      ...role('system:aggregated-metrics-reader', [
        rule('metrics.k8s.io', ['pods', 'nodes'], ['get', 'list', 'watch']),
      ]),
      metadata: {
        name: 'system:aggregated-metrics-reader',
        labels: Object.fromEntries(['view', 'edit', 'admin'].map((to) => [`${rbac}/aggregate-to-${to}`, 'true'])),
      },
    },
    binding('system:metrics-server', 'system:metrics-server', account),
    binding('metrics-server:system:auth-delegator', 'system:auth-delegator', account),
    {
      apiVersion: `${rbac}/v1`,
      kind: 'RoleBinding',
      metadata: { name: 'metrics-server-auth-reader', namespace: 'kube-system' },
      roleRef: { apiGroup: rbac, kind: 'Role', name: 'extension-apiserver-authentication-reader' },
      subjects: [account],
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { ports: [{ name: 'https', port: 443, targetPort: metricsPort }] },
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        name: 'metrics-server-testbed',
        namespace: 'kube-system',
        labels: {
          'kubernetes.io/service-name': 'metrics-server',
          'endpointslice.kubernetes.io/managed-by': 'testbed',
        },
      },
      addressType: 'IPv4',
      ports,
      endpoints: [{ addresses: [address], conditions: { ready: true } }],
    },
    {
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
      metadata: { name: 'v1beta1.metrics.k8s.io' },
      spec: {
        group: 'metrics.k8s.io',
        version: 'v1beta1',
        groupPriorityMinimum: 100,
        versionPriority: 100,
        service: metadata,
        caBundle: readFileSync(certificates.authority).toString('base64'),
      },
    },
  ];
}

export function startMetricsServer({ machine, users, certificates, address }: Settings): Daemon {
  const { authority, server } = certificates;
  return machine.start('metrics-server', program(machine.folder, 'metrics-server'), [
    ...identity(users.kubeconfig('metrics-server')),
    ...[`--bind-address=${address}`, `--secure-port=${metricsPort}`],
    ...[`--tls-cert-file=${server.certificate}`, `--tls-private-key-file=${server.key}`],
    ...[`--kubelet-certificate-authority=${authority}`, '--kubelet-preferred-address-types=InternalIP'],
    // The least that it accepts; a request must be shorter.
    ...['--metric-resolution=10s', '--kubelet-request-timeout=5s'],
    // Fake nodes have no kubelet to ask.
    '--node-selector=type!=kwok,!karpenter.sh/nodepool',
  ]);
}

function user(name: string): object {
  return { apiGroup: rbac, kind: 'User', name };
}

function rule(group: string, resources: readonly string[], verbs: readonly string[]): object {
  return { apiGroups: [group], resources, verbs };
}

function role(name: string, rules: readonly object[]): object {
  return { apiVersion: `${rbac}/v1`, kind: 'ClusterRole', metadata: { name }, rules };
}

function binding(name: string, roleName: string, subject: object): object {
  return {
    apiVersion: `${rbac}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name },
    roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: roleName },
    subjects: [subject],
  };
}
