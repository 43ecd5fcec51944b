import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { requireProgram } from '../program';
import { runTool } from '../runTool';
import { askApi } from './apiRequest';
import { startMachine, type Daemon, type Machine } from './machine';
import { containerdReady, startContainerd, startKubelet, startProxy } from './node';
import { enforcePolicies } from './policies';
import type { Node, Settings } from './settings';
import { isTrue, until } from './until';

/** A node on a machine of its own beside the first one. */
export interface TestNode {
  readonly name: string;
  /** Undefined while it is off. */
  readonly machine: Machine | undefined;
  /** Starts it, or starts it again: with an empty disk then. Resolves when it is ready. */
  start(): Promise<void>;
  /** Takes it off the network and ends all that runs on it, in one moment: nobody is told. */
  losePower(): Promise<void>;
  /** Kills the kubelet. Containers run on. */
  killKubelet(): Promise<void>;
  /** @param eviction thresholds in place of the usual ones */
  startKubelet(eviction?: Readonly<Record<string, string>>): void;
}

/** The network of the nodes: the second half of the block of which each machine has four addresses. */
const network = '198.19.0';
const bridge = 'nodes';

/** @param number from 1; the first node is on the machine that has everything else, too */
export function nodeAt(number: number, first: Machine): Node {
  return {
    name: `node-${number}`,
    address: number === 1 ? first.network.ownAddress : `${network}.${number}`,
    podRange: `10.244.${16 * (number - 1)}.0/20`,
  };
}

/** Makes the first machine the switch and router of further ones. */
export async function openNetwork(machine: Machine): Promise<void> {
  await machine.run('ip', 'link', 'add', bridge, 'type', 'bridge');
  await machine.run('ip', 'addr', 'add', `${network}.1/24`, 'dev', bridge);
  await machine.run('ip', 'link', 'set', bridge, 'up');
  const yes = path.join(machine.folder, 'yes');
  writeFileSync(yes, '1');
  await machine.run('cp', yes, '/proc/sys/net/ipv4/ip_forward');
  const outwards = ['-s', `${network}.0/24`, '-o', 'eth0', '-j', 'MASQUERADE'];
  await machine.run('iptables', '-w', '-t', 'nat', '-A', 'POSTROUTING', ...outwards);
}

export function furtherNode(first: Settings, node: Node): TestNode {
  let here: { readonly settings: Settings; kubelet: Daemon } | undefined;
  return {
    name: node.name,
    get machine() {
      return here?.settings.machine;
    },
    start: async () => {
      const machine = await startMachine(first.programs);
      const settings = { ...first, machine, node };
      try {
        await connect(first.machine, settings);
        const containerd = startContainerd(settings);
        await containerdReady(settings, containerd);
        here = { settings, kubelet: startKubelet(settings) };
        await isReady(settings, [containerd, here.kubelet, startProxy(settings)]);
        await enforcePolicies(settings);
      } catch (error) {
        here = undefined;
        await machine.remove();
        throw error;
      }
    },
    losePower: async () => {
      const lost = here;
      here = undefined;
      if (lost === undefined) return;
      await first.machine.run('ip', 'link', 'del', node.name).finally(() => lost.settings.machine.remove());
    },
    killKubelet: async () => {
      await here?.kubelet.kill();
    },
    startKubelet: (eviction) => {
      if (here !== undefined) here.kubelet = startKubelet(here.settings, eviction);
    },
  };
}

/** A cable between two machines. Process ids are this machine's, so it is made from here. */
async function connect(first: Machine, { machine, node }: Settings): Promise<void> {
  const [command = '', ...words] = first.network.enter;
  const ends = ['link', 'add', node.name, 'type', 'veth', 'peer', 'name', bridge, 'netns', String(machine.pid)];
  await runTool(command, [...words, requireProgram('ip'), ...ends]);
  await first.run('ip', 'link', 'set', node.name, 'master', bridge, 'up');
  await machine.run('ip', 'addr', 'add', `${node.address}/24`, 'dev', bridge);
  await machine.run('ip', 'link', 'set', bridge, 'up');
  await machine.run('ip', 'route', 'add', 'default', 'via', `${network}.1`, 'src', node.address);
  await first.run('ip', 'route', 'replace', node.podRange, 'via', node.address);
}

/** The last word of a kubelet that is gone may still say that all is well: it is asked itself, too. */
async function isReady(settings: Settings, daemons: readonly Daemon[]): Promise<void> {
  const api = `/api/v1/nodes/${settings.node.name}`;
  await until(`${settings.node.name} is ready`, daemons, async () => {
    const isThere = (await askApi(settings, `${api}/proxy/healthz`)) === 'ok';
    return isThere && isTrue(await askApi(settings, api), 'Ready');
  });
}
