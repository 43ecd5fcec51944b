import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Writable } from 'node:stream';
import type { KubeClient } from './client';
import { refusalOf } from './exec';
import { explainSilence } from './failures';

/** A port of this machine that leads to pods. */
export interface LocalPort {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** What the last connection failed with. */
  readonly lastFailure: () => unknown;
  readonly close: () => Promise<void>;
}

/** Where a connection goes. */
export interface PodPort {
  readonly namespace: string;
  readonly pod: string;
  readonly port: number;
}

/**
 * Listens on a port of this machine, on a free one unless one is wanted and free; each connection goes to the pod that is chosen for it then, so the port survives
 * the pods.
 */
export async function listenForPods(
  client: KubeClient,
  choose: (signal: AbortSignal) => Promise<PodPort>,
  wanted = 0,
): Promise<LocalPort> {
  const sockets = new Set<Socket>();
  const closing = new AbortController();
  let failure: unknown;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', (error) => {
      failure = error;
    });
    socket.once('close', () => sockets.delete(socket));
    connect(client, socket, choose, closing.signal).catch((error: unknown) => {
      failure = error;
      socket.destroy();
    });
  });
  await listen(server, wanted);
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    lastFailure: () => failure,
    close: async () => {
      closing.abort();
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** On the port that is wanted, else on a free one. */
async function listen(server: Server, wanted: number): Promise<void> {
  server.listen(wanted, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (error) {
    if (wanted === 0) throw error;
    await listen(server, 0);
  }
}

async function connect(
  client: KubeClient,
  socket: Socket,
  choose: (signal: AbortSignal) => Promise<PodPort>,
  signal: AbortSignal,
): Promise<void> {
  const { namespace, pod, port } = await choose(signal);
  const config = await (await client.session()).config();
  const { PortForward } = await import('./sdk');
  const complaints = new Writable({
    // Each stream begins with the number of the port, of which client-node leaves an empty piece.
    write: (chunk: Buffer, _encoding, done) => {
      if (chunk.length > 0) socket.destroy(new Error(chunk.toString('utf8')));
      done();
    },
  });
  try {
    const forward = new PortForward(config);
    const opened: unknown = await forward.portForward(namespace, pod, [port], socket, complaints, socket);
    const webSocket = opened as OpenSocket;
    webSocket.onclose = () => socket.end();
    webSocket.onerror = () => socket.destroy();
    socket.once('close', () => {
      webSocket.close();
    });
    if (socket.destroyed) webSocket.close();
  } catch (error) {
    throw explainSilence(client.context, `reach port ${String(port)} of the pod ${pod}`, refusalOf(error));
  }
}

/** What we use of a WebSocket; the types of client-node's are of another package. */
interface OpenSocket {
  onclose: () => void;
  onerror: () => void;
  close(): void;
}
