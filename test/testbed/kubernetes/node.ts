import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import { program } from './controlPlane';
import { writeYaml } from './files';
import type { Daemon, Machine } from './machine';
import { pauseImage, podRange, serviceRange, type Node, type Settings } from './settings';
import { until } from './until';

/** The registry of the cluster: what was pushed there from outside has the same name inside. */
export function startNodeRegistry({ machine, registry }: Settings): Daemon {
  const config = writeYaml(path.join(machine.folder, 'registry.yaml'), {
    version: '0.1',
    log: { level: 'warn' },
    storage: { filesystem: { rootdirectory: path.join(machine.folder, 'registry') }, delete: { enabled: true } },
    http: { addr: registry },
  });
  return machine.start('registry', 'docker-registry', ['serve', config]);
}

/** Resolves when the container runtime listens: a kubelet that comes earlier ends. */
export async function containerdReady({ machine }: Settings, containerd: Daemon): Promise<void> {
  const socket = runtimeSocket(machine.folder);
  await until(
    'containerd listens',
    [containerd],
    () =>
      new Promise((resolve) => {
        const connection = connect(socket);
        const end = (isThere: boolean) => (): void => {
          connection.destroy();
          resolve(isThere);
        };
        connection.once('connect', end(true)).once('error', end(false));
      }),
  );
}

/** The container runtime. */
export function startContainerd({ machine, node, registry }: Settings): Daemon {
  const home = path.join(machine.folder, 'containerd');
  const [hosts, networks] = [path.join(home, 'hosts'), path.join(home, 'networks')];
  for (const folder of [path.join(hosts, registry), networks]) mkdirSync(folder, { recursive: true });
  const plain = `server = "http://${registry}"\n[host."http://${registry}"]\n`;
  writeFileSync(path.join(hosts, registry, 'hosts.toml'), plain);
  writeFileSync(path.join(networks, '10-testbed.conflist'), JSON.stringify(network(machine.memory, node)));
  writeFileSync(path.join(home, 'config.toml'), runtime(machine, hosts, networks, registry));
  return machine.start('containerd', 'containerd', ['--config', path.join(home, 'config.toml')]);
}

function runtime({ folder, memory }: Machine, hosts: string, networks: string, registry: string): string {
  return `version = 2
root = "${memory}/images"
state = "${memory}/state"
disabled_plugins = ["io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs"]
[grpc]
  address = "${runtimeSocket(folder)}"
[plugins."io.containerd.internal.v1.opt"]
  path = "${memory}/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${registry}/${pauseImage}"
  netns_mounts_under_state_dir = true
  disable_apparmor = true
  # Without the right to lower it, which root lacks in many containers, runc would end.
  restrict_oom_score_adj = true
  tolerate_missing_hugetlb_controller = true
  stream_server_address = "127.0.0.1"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${networks}"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "${hosts}"
`;
}

function network(memory: string, node: Node): object {
  const ipam = {
    type: 'host-local',
    dataDir: path.join(memory, 'addresses'),
    ranges: [[{ subnet: node.podRange }]],
    routes: [{ dst: '0.0.0.0/0' }],
  };
  // A cable for each pod and no bridge: what one pod sends to another always passes the packet filter, where services are.
  const cable = { type: 'ptp', ipMasq: false, ipam };
  return {
    cniVersion: '0.4.0',
    name: 'testbed',
    plugins: [cable, { type: 'portmap', capabilities: { portMappings: true } }],
  };
}

/** The address of the container runtime, as a path. */
export function runtimeSocket(folder: string): string {
  return path.join(folder, 'containerd', 'containerd.sock');
}

/** @param eviction thresholds in place of the usual ones */
export function startKubelet(settings: Settings, eviction: Readonly<Record<string, string>> = {}): Daemon {
  const { machine, users, node } = settings;
  const home = path.join(machine.folder, 'kubelet');
  const config = writeYaml(path.join(machine.folder, 'kubelet.yaml'), kubelet(settings, eviction));
  return machine.start('kubelet', program(machine.folder, 'kubelet'), [
    ...[`--config=${config}`, `--kubeconfig=${users.kubelet(node.name)}`],
    ...[
      `--root-dir=${home}`,
      `--cert-dir=${home}/pki`,
      `--hostname-override=${node.name}`,
      `--node-ip=${node.address}`,
    ],
    '--housekeeping-interval=5s',
  ]);
}

function kubelet({ machine, certificates, address, node, keepsLittle }: Settings, eviction: object): object {
  const { authority, server } = certificates;
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    address: node.address,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true, cacheTTL: '10s' },
      x509: { clientCAFile: authority },
    },
    authorization: { mode: 'Webhook' },
    tlsCertFile: server.certificate,
    tlsPrivateKeyFile: server.key,
    containerRuntimeEndpoint: `unix://${runtimeSocket(machine.folder)}`,
    cgroupDriver: 'cgroupfs',
    failCgroupV1: false,
    cgroupRoot: `/${machine.group}`,
    enforceNodeAllocatable: ['pods'],
    failSwapOn: false,
    makeIPTablesUtilChains: false,
    clusterDNS: [address],
    clusterDomain: 'cluster.local',
    podLogsDir: path.join(machine.folder, 'pods'),
    volumePluginDir: path.join(machine.folder, 'kubelet', 'plugins'),
    ...(keepsLittle ? { containerLogMaxSize: '12Mi', containerLogMaxFiles: 2, containerLogMonitorInterval: '3s' } : {}),
    maxPods: 250,
    registryPullQPS: 0,
    eventRecordQPS: 0,
    serializeImagePulls: false,
    // The disk is not the cluster's alone: nothing is evicted because others filled it.
    imageGCHighThresholdPercent: 100,
    imageGCLowThresholdPercent: 99,
    evictionHard: {
      'memory.available': '100Mi',
      'nodefs.available': '1%',
      'imagefs.available': '1%',
      'nodefs.inodesFree': '1%',
      ...eviction,
    },
    evictionPressureTransitionPeriod: '5s',
    nodeStatusUpdateFrequency: '5s',
    nodeLeaseDurationSeconds: 12,
    kubeAPIQPS: 200,
    kubeAPIBurst: 400,
  };
}

export function startProxy({ machine, users, node }: Settings): Daemon {
  const config = writeYaml(path.join(machine.folder, 'proxy.yaml'), {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    clientConnection: { kubeconfig: users.kubeconfig('proxy') },
    mode: 'nftables',
    clusterCIDR: podRange,
    bindAddress: node.address,
    healthzBindAddress: '127.0.0.1:10256',
    metricsBindAddress: '127.0.0.1:10249',
    // Settings of the whole machine's kernel: they stay as they are.
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
    nftables: { minSyncPeriod: '200ms' },
  });
  return machine.start('kube-proxy', program(machine.folder, 'kube-proxy'), [
    ...[`--config=${config}`, `--hostname-override=${node.name}`],
  ]);
}

/** Lets pods reach what lies beyond the cable, and the node its services. */
export async function openRoutes({ machine, address }: Settings): Promise<void> {
  // Services have no interface: packets to them need a way out to be turned round on.
  await machine.run('ip', 'route', 'add', serviceRange, 'dev', 'eth0', 'src', address);
  const outwards = ['-s', podRange, '!', '-d', podRange, '-j', 'MASQUERADE'];
  await machine.run('iptables', '-w', '-t', 'nat', '-A', 'POSTROUTING', ...outwards);
}
