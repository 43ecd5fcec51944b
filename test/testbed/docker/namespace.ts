import { execFileSync } from 'node:child_process';
import { connect, createServer, type Server } from 'node:net';
import { requireProgram } from '../program';

/**
 * A network of its own for an engine: what it does to routes and packet filters stays in there. A cable leads to this
 * machine, on whose end a port can be opened.
 */
export interface NetworkNamespace {
  readonly name: string;
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

/** Makes a namespace; needs root. Call `remove` also on the way out of a process that fails. */
export function makeNamespace(): NetworkNamespace {
  const ip = requireProgram('ip');
  const run = (...args: string[]): void => {
    execFileSync(ip, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  };
  // Four addresses for each of 16,384 process ids; an interface's name has 15 letters at most.
  const place = process.pid % 16_384;
  const [name, cable] = [`slipway-${process.pid}`, `slw${process.pid}`];
  const address = (offset: number): string => `${block}.${place >> 6}.${((place & 63) << 2) + offset}`;
  const [hostAddress, ownAddress] = [address(1), address(2)];
  // Not `ip netns exec`: it mounts /sys anew, without the control groups that containers need.
  const enter = [requireProgram('nsenter'), `--net=/run/netns/${name}`];
  const within = (...args: string[]): void => {
    const [command = '', ...words] = enter;
    execFileSync(command, [...words, ip, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  };
  const servers: Server[] = [];
  const remove = (): void => {
    for (const server of servers) server.close();
    for (const args of [
      ['link', 'del', cable],
      ['netns', 'del', name],
    ])
      quietly(() => {
        run(...args);
      });
  };
  try {
    run('netns', 'add', name);
    run('link', 'add', cable, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
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
    name,
    hostAddress,
    ownAddress,
    enter,
    forward: async (port) => {
      servers.push(await forwardPort(hostAddress, port));
    },
    remove,
  };
}

function forwardPort(address: string, port: number): Promise<Server> {
  const server = createServer((incoming) => {
    const outgoing = connect(port, '127.0.0.1');
    incoming.pipe(outgoing).pipe(incoming);
    incoming.on('error', () => outgoing.destroy());
    outgoing.on('error', () => incoming.destroy());
  });
  server.unref();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, () => {
      resolve(server);
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
