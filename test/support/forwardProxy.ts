import { createServer, request as forward, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';

/** An HTTP proxy on the loopback address: the way to the package indexes for who has no network of their own. */
export interface ForwardProxy {
  readonly port: number;
  /** `HOST:PORT` of every tunnel that was asked for. */
  readonly tunnels: readonly string[];
  stop(): Promise<void>;
}

export async function startForwardProxy(): Promise<ForwardProxy> {
  const server = createServer(pass);
  const sockets = new Set<Socket>();
  const tunnels: string[] = [];
  // A tunnel belongs to the server no longer, which waits for its end all the same.
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('connect', (incoming: IncomingMessage, socket: Socket, head: Buffer) => {
    tunnels.push(incoming.url ?? '');
    const [host = '', port = '443'] = (incoming.url ?? '').split(':');
    const outgoing = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      outgoing.write(head);
      outgoing.pipe(socket).pipe(outgoing);
    });
    socket.on('error', () => outgoing.destroy());
    outgoing.on('error', () => socket.destroy());
    socket.on('close', () => outgoing.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    tunnels,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function pass(incoming: IncomingMessage, answer: ServerResponse): void {
  const { method, headers, url = '' } = incoming;
  const outgoing = forward(url, { method, headers, agent: false }, (response) => {
    answer.writeHead(response.statusCode ?? 502, response.headers);
    response.pipe(answer);
  });
  outgoing.on('error', () => answer.destroy());
  incoming.pipe(outgoing);
}
