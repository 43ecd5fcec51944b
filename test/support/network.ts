import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

export interface Network {
  readonly port: number;
  /** Connections since it was opened, and now. */
  readonly opened: number;
  readonly open: number;
  /** Ends all connections. */
  cut(): void;
  /** All connections of now stay open and carry nothing any more; later ones work. */
  freeze(): void;
  /** As `freeze`, and later connections are no better, until it is over. */
  swallow(isSwallowing: boolean): void;
  /** Ends all connections, and leads later ones to another server. */
  lead(server: string): void;
  refuse(isRefusing: boolean): void;
  close(): void;
}

/** A network between a client and a server that can fail. */
export async function openNetwork(server: string): Promise<Network> {
  let to = new URL(server);
  const swallowed = new Set<Socket>();
  let isSwallowing = false;
  const pairs = new Set<readonly [Socket, Socket]>();
  let opened = 0;
  let isRefusing = false;
  const listener: Server = createServer((client) => {
    opened++;
    if (isRefusing) {
      client.destroy();
      return;
    }
    if (isSwallowing) {
      swallowed.add(client.on('error', () => undefined));
      return;
    }
    const upstream = connect(Number(to.port), to.hostname);
    const pair = [client, upstream] as const;
    pairs.add(pair);
    client.pipe(upstream).pipe(client);
    for (const socket of pair) {
      socket.on('error', () => undefined);
      socket.once('close', () => {
        for (const one of pair) one.destroy();
        pairs.delete(pair);
      });
    }
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const cut = (): void => {
    for (const pair of pairs) for (const socket of pair) socket.destroy();
  };
  const freeze = (): void => {
    for (const [client, upstream] of pairs) {
      client.unpipe(upstream).pause();
      upstream.unpipe(client).pause();
    }
  };
  return {
    port: (listener.address() as AddressInfo).port,
    get opened() {
      return opened;
    },
    get open() {
      return pairs.size;
    },
    cut,
    freeze,
    swallow: (value) => {
      isSwallowing = value;
      if (value) freeze();
    },
    lead: (other) => {
      to = new URL(other);
      cut();
    },
    refuse: (value) => {
      isRefusing = value;
    },
    close: () => {
      listener.close();
      cut();
      for (const socket of swallowed) socket.destroy();
    },
  };
}
