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
  const { folder, network } = machine;
  const address = network.ownAddress;
  const server = `https://${address}:${apiPort}`;
  const certificates = await makeCertificates(path.join(folder, 'certificates'), serverNames(address));
  const users = writeUsers(folder, server, nodeName, certificates);
  const registry = `${address}:${registryPort}`;
  const settings: Settings = {
    machine,
    certificates,
    users,
    address,
    registry,
    isLarge: options.isLarge ?? false,
  };
  const ask = (what: string): Promise<unknown> => askApi(server, certificates, what);
  const kubectl = (...args: string[]): Promise<string> =>
    runTool(path.join(options.programs, 'kubectl'), [
      ...[`--kubeconfig=${users.admin}`, `--cache-dir=${path.join(folder, 'kubectl')}`, ...args],
    ]);

  const pausePushed = async (): Promise<void> => {
    const answers = (): Promise<boolean> =>
      fetch(`http://${registry}/v2/`).then(
        ({ ok }) => ok,
        () => false,
      );
    await until('the registry answers', daemons, answers);
    await pushPause(registry, options.programs, folder);
  };
  const daemons = [startEtcd(settings), startNodeRegistry(settings), startContainerd(settings)];
  await openRoutes(settings);
  let apiserver = startApiserver(settings);
  const ready = (): Promise<void> =>
    until('the API server is ready', [...daemons, apiserver], async () => (await ask('/readyz')) === 'ok');
  await Promise.all([ready(), pausePushed()]);

  const objects = [...rights(), ...(options.metrics ? metricsApi(settings) : [])];
  const manifest = writeYaml(path.join(folder, 'rights.yaml'), ...objects);
  await kubectl('apply', '-f', manifest);
  daemons.push(startControllerManager(settings), startScheduler(settings), startKubelet(settings));
  daemons.push(startProxy(settings), startCoredns(settings));
  if (options.metrics) daemons.push(startMetricsServer(settings));
  await until('the node is ready', [...daemons, apiserver], async () =>
    isTrue(await ask(`/api/v1/nodes/${nodeName}`), 'Ready'),
  );
  const account = '/api/v1/namespaces/default/serviceaccounts/default';
  await until('pods can be made', daemons, async () => (await ask(account)) !== undefined);
  const metrics = '/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.metrics.k8s.io';
  if (options.metrics)
    await until('metrics-server is known', daemons, async () => isTrue(await ask(metrics), 'Available'));

  return {
    kubeconfig: users.admin,
    server,
    folder,
    registry: { host: registry },
    nodeAddress: address,
    machine,
    kubectl,
    user: (name) => users.kubeconfig(name),
    restartApiserver: async (whileDown) => {
      await apiserver.kill();
      await whileDown?.();
      apiserver = startApiserver(settings);
      await ready();
    },
    reach: async (port) => {
      await network.forward(port);
      return `${network.hostAddress}:${port}`;
    },
    stop: () => machine.remove(),
  };
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
      const words = daemons.map(({ name, lastWords }) => `${name}:\n${lastWords()}`);
      throw new Error(`${what}: not within ${startMs / 1000} s\n${words.join('\n')}`);
    }
    await delay(50);
  }
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
