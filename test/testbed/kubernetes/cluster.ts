import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { runTool } from '../runTool';
import { metricsApi, rights, startCoredns, startMetricsServer } from './addons';
import { askApi } from './apiRequest';
import { makeCertificates } from './certificates';
import { startApiserver, startControllerManager, startEtcd, startScheduler } from './controlPlane';
import { writeYaml } from './files';
import { startMachine, type Daemon, type Machine } from './machine';
import { openRoutes, startContainerd, startKubelet, startNodeRegistry, startProxy } from './node';
import { pushPause } from './pauseImage';
import { apiPort, nodeName, registryPort, type Settings } from './settings';
import { writeUsers, type TestUser } from './users';

/** A Kubernetes of one node: everything is real and its own. */
export interface TestCluster {
  /** A kubeconfig file whose user may do anything. */
  readonly kubeconfig: string;
  /** The API server: `https://ADDRESS:PORT`, reached from this machine. */
  readonly server: string;
  /** Everything that belongs to the cluster; `logs` has a file for each program. */
  readonly folder: string;
  /** Without encryption or password. Images are pushed and pulled under the same name. */
  readonly registry: { readonly host: string };
  /** The node, and through it the ports that services open on nodes. */
  readonly nodeAddress: string;
  /** The machine in which all of it runs. */
  readonly machine: Machine;
  /** Runs kubectl as the administrator. @returns what it wrote @throws Error with what it wrote */
  kubectl(...args: string[]): Promise<string>;
  /** A kubeconfig file whose user has no rights but those that a test grants: alice is in group dev, bob in viewers. */
  user(name: TestUser): string;
  /** Kills the API server, and starts it again once `whileDown` is through. Resolves when it is ready. */
  restartApiserver(whileDown?: () => Promise<void>): Promise<void>;
  /** The address under which the cluster reaches what listens on a port of 127.0.0.1 here. */
  reach(port: number): Promise<string>;
  stop(): Promise<void>;
}

export interface ClusterOptions {
  /** The folder of the programs: `kubernetesBinaries('cluster')`. */
  readonly programs: string;
  /** Starts metrics-server, too. Its first figures take some 15 seconds. */
  readonly metrics?: boolean;
  /** For fake nodes by the thousand. */
  readonly isLarge?: boolean;
  /** The node throws away what a container has written but the last twelve megabytes. */
  readonly keepsLittle?: boolean;
}

const startMs = 120_000;

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
  const settings = await settle(machine, options);
  const { users, address, registry } = settings;
  const kubectl = (...args: string[]): Promise<string> => {
    const own = [`--kubeconfig=${users.admin}`, `--cache-dir=${path.join(machine.folder, 'kubectl')}`];
    return runTool(path.join(options.programs, 'kubectl'), [...own, ...args]);
  };
  let apiserver = await startControlPlane(settings, options.programs);
  const objects = [...rights(), ...(options.metrics ? metricsApi(settings) : [])];
  await kubectl('apply', '-f', writeYaml(path.join(machine.folder, 'rights.yaml'), ...objects));
  await startNode(settings, options.metrics ?? false);
  return {
    kubeconfig: users.admin,
    server: settings.server,
    folder: machine.folder,
    registry: { host: registry },
    nodeAddress: address,
    machine,
    kubectl,
    user: (name) => users.kubeconfig(name),
    restartApiserver: async (whileDown) => {
      await apiserver.kill();
      await whileDown?.();
      apiserver = startApiserver(settings);
      await apiserverReady(settings, [apiserver]);
    },
    reach: async (port) => {
      await machine.network.forward(port);
      return `${machine.network.hostAddress}:${port}`;
    },
    stop: () => machine.remove(),
  };
}

async function settle(machine: Machine, { isLarge = false, keepsLittle = false }: ClusterOptions): Promise<Settings> {
  const address = machine.network.ownAddress;
  const server = `https://${address}:${apiPort}`;
  const certificates = await makeCertificates(path.join(machine.folder, 'certificates'), serverNames(address));
  const users = writeUsers(machine.folder, server, nodeName, certificates);
  return {
    machine,
    certificates,
    users,
    address,
    server,
    registry: `${address}:${registryPort}`,
    isLarge,
    keepsLittle,
  };
}

/** Starts what needs no API server and the API server. @returns the latter, ready */
async function startControlPlane(settings: Settings, programs: string): Promise<Daemon> {
  const apart = [startEtcd(settings), startNodeRegistry(settings), startContainerd(settings)];
  await openRoutes(settings);
  const apiserver = startApiserver(settings);
  const registryFilled = async (): Promise<void> => {
    const url = `http://${settings.registry}/v2/`;
    await until('the registry answers', apart, () => isGood(fetch(url)));
    await pushPause(settings.registry, programs, settings.machine.folder);
  };
  await Promise.all([apiserverReady(settings, [...apart, apiserver]), registryFilled()]);
  return apiserver;
}

async function startNode(settings: Settings, metrics: boolean): Promise<void> {
  const starts = [startControllerManager, startScheduler, startKubelet, startProxy, startCoredns];
  const daemons = [...starts, ...(metrics ? [startMetricsServer] : [])].map((start) => start(settings));
  const is = (state: string, of: string) => async (): Promise<boolean> => isTrue(await askApi(settings, of), state);
  await until('the node is ready', daemons, is('Ready', `/api/v1/nodes/${nodeName}`));
  const account = '/api/v1/namespaces/default/serviceaccounts/default';
  await until('pods can be made', daemons, async () => (await askApi(settings, account)) !== undefined);
  const api = '/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.metrics.k8s.io';
  if (metrics) await until('metrics-server is known', daemons, is('Available', api));
}

function apiserverReady(settings: Settings, daemons: readonly Daemon[]): Promise<void> {
  return until('the API server is ready', daemons, async () => (await askApi(settings, '/readyz')) === 'ok');
}

function serverNames(address: string): readonly string[] {
  const service = [
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    'kubernetes.default.svc.cluster.local',
  ];
  const names = [...service, 'metrics-server.kube-system.svc', nodeName, 'localhost'];
  return [...names.map((name) => `DNS:${name}`), ...['127.0.0.1', '10.96.0.1', address].map((one) => `IP:${one}`)];
}

async function until(what: string, daemons: readonly Daemon[], ask: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + startMs;
  while (!(await ask())) {
    const ended = daemons.map((one) => one.problem()).find((problem) => problem !== undefined);
    if (ended !== undefined) throw new Error(ended);
    if (performance.now() > deadline) {
      const words = daemons.map((one) => `${one.name}:\n${one.lastWords()}`);
      throw new Error(`${what}: not within ${startMs / 1000} s\n${words.join('\n')}`);
    }
    await delay(50);
  }
}

function isGood(answer: Promise<Response>): Promise<boolean> {
  return answer.then(
    ({ ok }) => ok,
    () => false,
  );
}

/** Whether an object's condition of that type is met. */
function isTrue(object: unknown, type: string): boolean {
  const { conditions = [] } = (object as { status?: { conditions?: readonly Condition[] } } | undefined)?.status ?? {};
  return conditions.some((one) => one.type === type && one.status === 'True');
}

interface Condition {
  readonly type: string;
  readonly status: string;
}
