import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { writeYaml } from './files';
import type { Daemon } from './machine';
import { apiPort, podRange, serviceRange, type Settings } from './settings';

const etcdUrl = 'http://127.0.0.1:2379';
const etcdPeerUrl = 'http://127.0.0.1:2380';

export function startEtcd({ machine }: Settings): Daemon {
  const data = path.join(machine.folder, 'etcd');
  mkdirSync(data, { mode: 0o700 });
  return machine.start('etcd', 'etcd', [
    ...['--name', 'testbed', '--data-dir', data],
    ...['--listen-client-urls', etcdUrl, '--advertise-client-urls', etcdUrl],
    ...['--listen-peer-urls', etcdPeerUrl, '--initial-advertise-peer-urls', etcdPeerUrl],
    ...['--initial-cluster', `testbed=${etcdPeerUrl}`],
    ...[
      '--quota-backend-bytes',
      '8589934592',
      '--auto-compaction-mode',
      'periodic',
      '--auto-compaction-retention',
      '5m',
    ],
    // A test's data need not outlive a power cut.
    ...['--unsafe-no-fsync', '--logger', 'zap', '--log-level', 'warn'],
  ]);
}

export function startApiserver({ machine, certificates, users, address }: Settings): Daemon {
  const { authority, server, kubeletClient, frontProxy, serviceAccountKey } = certificates;
  return machine.start('kube-apiserver', program(machine.folder, 'kube-apiserver'), [
    ...[`--bind-address=${address}`, `--secure-port=${apiPort}`, `--advertise-address=${address}`],
    ...[`--etcd-servers=${etcdUrl}`, `--service-cluster-ip-range=${serviceRange}`],
    ...['--authorization-mode=Node,RBAC', '--enable-admission-plugins=NodeRestriction', '--allow-privileged=true'],
    ...[`--client-ca-file=${authority}`, `--token-auth-file=${users.tokens}`],
    ...[`--tls-cert-file=${server.certificate}`, `--tls-private-key-file=${server.key}`],
    ...[`--kubelet-certificate-authority=${authority}`, '--kubelet-preferred-address-types=InternalIP'],
    ...[`--kubelet-client-certificate=${kubeletClient.certificate}`, `--kubelet-client-key=${kubeletClient.key}`],
    ...['--service-account-issuer=https://kubernetes.default.svc.cluster.local'],
    ...[`--service-account-key-file=${serviceAccountKey}`, `--service-account-signing-key-file=${serviceAccountKey}`],
    ...[`--requestheader-client-ca-file=${authority}`, '--requestheader-allowed-names=front-proxy'],
    ...['--requestheader-username-headers=X-Remote-User', '--requestheader-group-headers=X-Remote-Group'],
    ...['--requestheader-extra-headers-prefix=X-Remote-Extra-', '--enable-aggregator-routing=true'],
    ...[`--proxy-client-cert-file=${frontProxy.certificate}`, `--proxy-client-key-file=${frontProxy.key}`],
    ...['--max-requests-inflight=1000', '--max-mutating-requests-inflight=500', '--profiling=false'],
    // Debian's etcd cannot serve it: newer clients would see changes only by listing anew, up to 40 s late.
    '--feature-gates=WatchList=false',
  ]);
}

export function startControllerManager({ machine, certificates, users, loss }: Settings): Daemon {
  const { authority, serviceAccountKey } = certificates;
  return machine.start('kube-controller-manager', program(machine.folder, 'kube-controller-manager'), [
    ...identity(users.kubeconfig('controller-manager')),
    ...['--bind-address=127.0.0.1', '--leader-elect=false', '--use-service-account-credentials=true'],
    ...[`--service-account-private-key-file=${serviceAccountKey}`, `--root-ca-file=${authority}`],
    ...[`--requestheader-client-ca-file=${authority}`],
    ...['--allocate-node-cidrs=false', `--cluster-cidr=${podRange}`, `--service-cluster-ip-range=${serviceRange}`],
    // Autoscalers decide in seconds instead of minutes.
    ...['--horizontal-pod-autoscaler-sync-period=5s', '--horizontal-pod-autoscaler-downscale-stabilization=15s'],
    ...['--horizontal-pod-autoscaler-initial-readiness-delay=5s'],
    ...['--horizontal-pod-autoscaler-cpu-initialization-period=10s', '--kube-api-qps=200', '--kube-api-burst=400'],
    ...(loss === undefined
      ? []
      : [`--node-monitor-grace-period=${loss.graceSeconds}s`, `--node-monitor-period=${loss.periodSeconds}s`]),
  ]);
}

export function startScheduler({ machine, users }: Settings): Daemon {
  const kubeconfig = users.kubeconfig('scheduler');
  const config = writeYaml(path.join(machine.folder, 'scheduler.yaml'), {
    apiVersion: 'kubescheduler.config.k8s.io/v1',
    kind: 'KubeSchedulerConfiguration',
    clientConnection: { kubeconfig, qps: 500, burst: 1000 },
    leaderElection: { leaderElect: false },
  });
  const delegates = identity(kubeconfig).filter((word) => !word.startsWith('--kubeconfig='));
  return machine.start('kube-scheduler', program(machine.folder, 'kube-scheduler'), [
    ...[`--config=${config}`, '--bind-address=127.0.0.1', ...delegates],
  ]);
}

/** The flags by which a component that serves requests knows itself. */
export function identity(kubeconfig: string): readonly string[] {
  return ['kubeconfig', 'authentication-kubeconfig', 'authorization-kubeconfig'].map(
    (flag) => `--${flag}=${kubeconfig}`,
  );
}

/** A program that was built for the testbed, as the machine sees it. */
export function program(folder: string, name: string): string {
  return path.join(folder, 'bin', name);
}
