import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { requireProgram } from '../program';

/**
 * A network of its own for an engine: what it does to routes and packet filters stays in there. A cable leads to this
 * machine, on whose end a port can be opened.
 */
export interface NetworkNamespace {
  /** This machine as the namespace sees it. */
  readonly hostAddress: string;
  /** The namespace as this machine sees it. */
  readonly ownAddress: string;
  /** Words to put before a command that runs in the namespace. */
  readonly enter: readonly string[];
  /** Opens `port` on the cable's end for a port of the loopback address. */
  forward(port: number): Promise<void>;
  remove(): void;
}

/** A block that no network uses: addresses for benchmarks of network devices, RFC 2544. */
const block = '198.18';

/**
 * Makes a namespace; needs root. Call `remove` also on the way out of a process that fails.
 * @param owner a process with a network of its own already: it gets the cable
 */
export function makeNamespace(owner?: number): NetworkNamespace {
  const ip = requireProgram('ip');
  const run = (...args: string[]): void => {
    execFileSync(ip, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  };
  const place = freePlace();
  const [name, cable] = [namespaceAt(place), cableAt(place)];
  const [hostAddress, ownAddress] = [addressAt(place, 1), addressAt(place, 2)];
  // Not `ip netns exec`: it mounts /sys anew, without the control groups that containers need.
  const enter = [
    requireProgram('nsenter'),
    owner === undefined ? `--net=/run/netns/${name}` : `--net=/proc/${owner}/ns/net`,
  ];
  const within = (...args: string[]): void => {
    const [command = '', ...words] = enter;
    execFileSync(command, [...words, ip, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  };
  const forwards: Forward[] = [];
  const remove = (): void => {
    for (const { server, open } of forwards) {
      server.close();
      // The other ends vanish with the namespace, without a word: nothing would ever end these.
      for (const socket of open) socket.destroy();
    }
    for (const args of [['link', 'del', cable], ...(owner === undefined ? [['netns', 'del', name]] : [])])
      quietly(() => {
        run(...args);
      });
  };
  try {
    if (owner === undefined) run('netns', 'add', name);
    const end = owner === undefined ? name : String(owner);
    run('link', 'add', cable, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', end);
    run('addr', 'add', `${hostAddress}/30`, 'dev', cable);
    run('link', 'set', cable, 'up');
    within('link', 'set', 'lo', 'up');
    within('addr', 'add', `${ownAddress}/30`, 'dev', 'eth0');
    within('link', 'set', 'eth0', 'up');
  } catch (error) {
    remove();
    throw error;
  }
  return {
    hostAddress,
    ownAddress,
    enter,
    forward: async (port) => {
      forwards.push(await forwardPort(hostAddress, port));
    },
    remove,
  };
}

/**
 * One of the 16,384 fours of addresses: the one of this process's id, unless this machine has it already. A cable has a name
 * before it has an address.
 */
function freePlace(): number {
  const addresses = Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address));
  const names = ['/sys/class/net', '/run/netns'].flatMap((folder) => (existsSync(folder) ? readdirSync(folder) : []));
  const taken = new Set([...addresses, ...names]);
  const places = Array.from({ length: 16_384 }, (_, index) => (process.pid + index) % 16_384);
  const free = places.find(
    (place) => ![addressAt(place, 1), cableAt(place), namespaceAt(place)].some((one) => taken.has(one)),
  );
  if (free === undefined) throw new Error('this machine has no free address left for another network');
  return free;
}

const cableAt = (place: number): string => `slw${place}`;
const namespaceAt = (place: number): string => `slipway-${place}`;

function addressAt(place: number, offset: number): string {
  return `${block}.${place >> 6}.${((place & 63) << 2) + offset}`;
}

interface Forward {
  readonly server: Server;
  readonly open: ReadonlySet<Socket>;
}

function forwardPort(address: string, port: number): Promise<Forward> {
  const open = new Set<Socket>();
  const server = createServer((incoming) => {
    const outgoing = connect(port, '127.0.0.1');
    for (const socket of [incoming, outgoing]) {
      open.add(socket);
      socket.once('close', () => open.delete(socket));
    }
    incoming.pipe(outgoing).pipe(incoming);
    incoming.on('error', () => outgoing.destroy());
    outgoing.on('error', () => incoming.destroy());
  });
  server.unref();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, () => {
      resolve({ server, open });
    });
  });
}

function quietly(action: () => void): void {
  try {
    action();
  } catch {
    // It is gone already.
  }
}
