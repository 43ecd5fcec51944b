import path from 'node:path';
import { runTool } from '../runTool';
import { metricsApi, rights, startCoredns, startMetricsServer } from './addons';
import { askApi } from './apiRequest';
import { makeCertificates } from './certificates';
import { startApiserver, startControllerManager, startEtcd, startScheduler } from './controlPlane';
import { writeYaml } from './files';
import { startMachine, type Daemon, type Machine } from './machine';
import { furtherNode, nodeAt, openNetwork, type TestNode } from './furtherNode';
import { openRoutes, startContainerd, startKubelet, startNodeRegistry, startProxy } from './node';
import { pushPause } from './pauseImage';
import { enforcePolicies } from './policies';
import { apiPort, registryPort, type Loss, type Node, type Settings } from './settings';
import { isTrue, until } from './until';
import { writeUsers, type TestUser } from './users';

/** A Kubernetes of its own: everything is real, and all but further nodes is on one machine. */
export interface TestCluster {
  /** A kubeconfig file whose user may do anything. */
  readonly kubeconfig: string;
  /** The API server: `https://ADDRESS:PORT`, reached from this machine. */
  readonly server: string;
  /** Everything that belongs to the cluster; `logs` has a file for each program. */
  readonly folder: string;
  /** Without encryption or password. Images are pushed and pulled under the same name. */
  readonly registry: { readonly host: string };
  /** The first node, and through it the ports that services open on nodes. */
  readonly nodeAddress: string;
  /** The first node's machine, which has the control plane and the registry, too. */
  readonly machine: Machine;
  /** The nodes beside the first one, as many as were asked for. */
  readonly nodes: readonly TestNode[];
  /** Runs kubectl as the administrator. @returns what it wrote @throws Error with what it wrote */
  kubectl(...args: string[]): Promise<string>;
  /** A kubeconfig file whose user has no rights but those that a test grants: alice is in group dev, bob in viewers. */
  user(name: TestUser): string;
  /** Kills the API server, and starts it again once `whileDown` is through. Resolves when it is ready. */
  restartApiserver(whileDown?: () => Promise<void>): Promise<void>;
  /** Kills the kubelet, and starts it again once `whileDown` is through. Pods live on meanwhile. */
  restartKubelet(whileDown?: () => Promise<void>): Promise<void>;
  /** The address under which the cluster reaches what listens on a port of 127.0.0.1 here. */
  reach(port: number): Promise<string>;
  stop(): Promise<void>;
}

export interface ClusterOptions {
  /** The folder of the programs: `kubernetesBinaries('cluster')`. */
  readonly programs: string;
  /** Starts metrics-server, too. Its first figures take some 15 seconds. */
  readonly metrics?: boolean;
  /** Real nodes: one unless told. With more of them a silent one counts as lost after 8 seconds instead of 50. */
  readonly kubelets?: number;
  /** The folder of `kubernetesBinaries('kube-router')`: nodes enforce NetworkPolicies, which else are words only. */
  readonly policies?: string;
  /** For fake nodes by the thousand. */
  readonly isLarge?: boolean;
  /** The node throws away what a container has written but the last twelve megabytes. */
  readonly keepsLittle?: boolean;
}

/** Starts a cluster. Nothing of it is left when this process ends, however it ends. */
export async function startCluster(options: ClusterOptions): Promise<TestCluster> {
  const machine = await startMachine(options.programs);
  try {
    return await startOn(machine, options);
  } catch (error) {
    await machine.remove();
    throw error;
  }
}

async function startOn(machine: Machine, options: ClusterOptions): Promise<TestCluster> {
  const nodes = Array.from({ length: options.kubelets ?? 1 }, (_, index) => nodeAt(index + 1, machine));
  const settings = await settle(machine, nodes, options);
  const { users, address, registry } = settings;
  const kubectl = (...args: string[]): Promise<string> => {
    const own = [`--kubeconfig=${users.admin}`, `--cache-dir=${path.join(machine.folder, 'kubectl')}`];
    return runTool(path.join(options.programs, 'kubectl'), [...own, ...args]);
  };
  let apiserver = await startControlPlane(settings);
  const objects = [...rights(), ...(options.metrics ? metricsApi(settings) : [])];
  await kubectl('apply', '-f', writeYaml(path.join(machine.folder, 'rights.yaml'), ...objects));
  const further = nodes.slice(1).map((node) => furtherNode(settings, node));
  if (further.length > 0) await openNetwork(machine);
  const removeFurther = (): Promise<unknown> => Promise.all(further.map((node) => node.losePower()));
  let kubelet: Daemon;
  try {
    const first = startNode(settings, options.metrics ?? false);
    [kubelet] = await Promise.all([first, ...further.map((node) => node.start())]);
  } catch (error) {
    await removeFurther();
    throw error;
  }
  return {
    kubeconfig: users.admin,
    server: settings.server,
    folder: machine.folder,
    registry: { host: registry },
    nodeAddress: address,
    machine,
    nodes: further,
    kubectl,
    user: (name) => users.kubeconfig(name),
    restartApiserver: async (whileDown) => {
      await apiserver.kill();
      await whileDown?.();
      apiserver = startApiserver(settings);
      await apiserverReady(settings, [apiserver]);
    },
    restartKubelet: async (whileDown) => {
      await kubelet.kill();
      await whileDown?.();
      kubelet = startKubelet(settings);
    },
    reach: async (port) => {
      await machine.network.forward(port);
      return `${machine.network.hostAddress}:${port}`;
    },
    stop: async () => {
      await removeFurther().finally(() => machine.remove());
    },
  };
}

async function settle(machine: Machine, nodes: readonly Node[], options: ClusterOptions): Promise<Settings> {
  const address = machine.network.ownAddress;
  const server = `https://${address}:${apiPort}`;
  const certificates = await makeCertificates(path.join(machine.folder, 'certificates'), serverNames(address, nodes));
  const names = nodes.map(({ name }) => name);
  const users = writeUsers(machine.folder, server, names, certificates);
  const [node = nodeAt(1, machine)] = nodes;
  const registry = `${address}:${registryPort}`;
  return {
    ...{ programs: options.programs, machine, node, certificates, users, address, server, registry },
    loss: lossOf(options),
    policies: options.policies,
    keepsLittle: options.keepsLittle ?? false,
  };
}

/** Fake nodes by the thousand tell seldom that they live. */
function lossOf({ isLarge = false, kubelets = 1 }: ClusterOptions): Loss | undefined {
  if (isLarge) return { graceSeconds: 7200, periodSeconds: 5 };
  return kubelets > 1 ? { graceSeconds: 8, periodSeconds: 1 } : undefined;
}

/** Starts what needs no API server and the API server. @returns the latter, ready */
async function startControlPlane(settings: Settings): Promise<Daemon> {
  const apart = [startEtcd(settings), startNodeRegistry(settings), startContainerd(settings)];
  await openRoutes(settings);
  const apiserver = startApiserver(settings);
  const registryFilled = async (): Promise<void> => {
    const url = `http://${settings.registry}/v2/`;
    await until('the registry answers', apart, () => isGood(fetch(url)));
    await pushPause(settings.registry, settings.programs, settings.machine.folder);
  };
  await Promise.all([apiserverReady(settings, [...apart, apiserver]), registryFilled()]);
  return apiserver;
}

/** @returns the kubelet */
async function startNode(settings: Settings, metrics: boolean): Promise<Daemon> {
  const starts = [startControllerManager, startScheduler, startProxy, startCoredns];
  const kubelet = startKubelet(settings);
  const others = [...starts, ...(metrics ? [startMetricsServer] : [])].map((start) => start(settings));
  const daemons = [kubelet, ...others];
  const is = (state: string, of: string) => async (): Promise<boolean> => isTrue(await askApi(settings, of), state);
  await until('the node is ready', daemons, is('Ready', `/api/v1/nodes/${settings.node.name}`));
  await enforcePolicies(settings);
  const account = '/api/v1/namespaces/default/serviceaccounts/default';
  await until('pods can be made', daemons, async () => (await askApi(settings, account)) !== undefined);
  const api = '/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.metrics.k8s.io';
  if (metrics) await until('metrics-server is known', daemons, is('Available', api));
  return kubelet;
}

function apiserverReady(settings: Settings, daemons: readonly Daemon[]): Promise<void> {
  return until('the API server is ready', daemons, async () => (await askApi(settings, '/readyz')) === 'ok');
}

/** One certificate is good for everything that listens. */
function serverNames(address: string, nodes: readonly Node[]): readonly string[] {
  const service = [
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    'kubernetes.default.svc.cluster.local',
  ];
  const names = [...service, 'metrics-server.kube-system.svc', 'localhost', ...nodes.map(({ name }) => name)];
  const addresses = ['127.0.0.1', '10.96.0.1', address, ...nodes.slice(1).map((node) => node.address)];
  return [...names.map((name) => `DNS:${name}`), ...addresses.map((one) => `IP:${one}`)];
}

function isGood(answer: Promise<Response>): Promise<boolean> {
  return answer.then(
    ({ ok }) => ok,
    () => false,
  );
}
