import { once } from 'node:events';
import {
  createServer,
  request,
  type ClientRequest,
  type IncomingMessage,
  type RequestOptions,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';

/** What happens to one request. */
export type Fault =
  | { readonly kind: 'pass' }
  /** Answered by the proxy; the registry never hears of it. */
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    }
  /** The connection is cut after so many bytes of the request's body. */
  | { readonly kind: 'cut'; readonly afterBytes: number }
  /** So many bytes a second of the request's body get through. */
  | { readonly kind: 'trickle'; readonly bytesPerSecond: number }
  /** The server does what it was asked, and the answer is lost. */
  | { readonly kind: 'loseAnswer' }
  /** Nothing is heard, and nobody closes the connection. */
  | { readonly kind: 'hang' };

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
  /** Counts from 1 over all requests. */
  readonly number: number;
}

/** Sends a request on to the real server. */
export type Forward = (options: RequestOptions) => ClientRequest;

/** A network that is not to be relied on, before a real registry or API server. */
export interface FaultProxy {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  readonly requests: readonly SeenRequest[];
  stop(): Promise<void>;
}

export const pass: Fault = { kind: 'pass' };

/** @param to a port of this machine, or what reaches the real server otherwise */
export async function startFaultProxy(
  to: number | Forward,
  decide: (request: SeenRequest) => Fault,
): Promise<FaultProxy> {
  const forward =
    typeof to === 'number' ? (options: RequestOptions) => request({ host: '127.0.0.1', port: to, ...options }) : to;
  const requests: SeenRequest[] = [];
  const see = (incoming: IncomingMessage): Fault => {
    const seen = {
      method: incoming.method ?? '',
      path: incoming.url ?? '',
      authorization: incoming.headers.authorization,
      number: requests.length + 1,
    };
    requests.push(seen);
    return decide(seen);
  };
  const server = createServer((incoming, answer) => {
    handle(forward, incoming, answer, see(incoming));
  });
  server.on('upgrade', (incoming, socket, head) => {
    if (see(incoming).kind === 'pass') joinUpgraded(forward, incoming, socket, head);
    else socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** What becomes a WebSocket is passed on byte by byte, also what came in one piece with the head of either side. */
function joinUpgraded(forward: Forward, incoming: IncomingMessage, socket: Duplex, sent: Buffer): void {
  const { method, url: path, headers } = incoming;
  const outgoing = forward({ method, path, headers, agent: false });
  const cut = (): void => {
    socket.destroy();
    outgoing.destroy();
  };
  outgoing.on('error', cut).on('response', cut);
  outgoing.on('upgrade', (response, upstream, answered) => {
    const lines = response.rawHeaders.flatMap((name, index, all) =>
      index % 2 === 0 ? [`${name}: ${all[index + 1]}`] : [],
    );
    socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\n\r\n`);
    socket.write(answered);
    upstream.write(sent);
    socket.pipe(upstream).pipe(socket);
    socket.on('error', cut).on('close', () => upstream.destroy());
    upstream.on('error', cut).on('close', () => socket.destroy());
  });
  outgoing.end();
}

function handle(forward: Forward, incoming: IncomingMessage, answer: ServerResponse, fault: Fault): void {
  if (fault.kind === 'hang') return;
  if (fault.kind === 'answer') {
    answer.writeHead(fault.status, fault.headers).end(fault.body);
    return;
  }
  const { method, url: path, headers } = incoming;
  const outgoing = forward({ method, path, headers, agent: false });
  const cut = (): void => {
    incoming.socket.destroy();
    outgoing.destroy();
  };
  outgoing.on('error', cut);
  outgoing.on('response', (response) => {
    if (fault.kind === 'loseAnswer') {
      response.resume().on('end', cut);
      return;
    }
    answer.writeHead(response.statusCode ?? 502, response.headers);
    answer.flushHeaders();
    response.pipe(answer);
  });
  let left = fault.kind === 'cut' ? fault.afterBytes : Infinity;
  if (left === 0) {
    cut();
    return;
  }
  incoming.on('error', () => undefined);
  incoming.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left <= 0) {
      cut();
      return;
    }
    const isTaken = outgoing.write(chunk);
    const heldMs = fault.kind === 'trickle' ? (chunk.length * 1000) / fault.bytesPerSecond : 0;
    if (isTaken && heldMs === 0) return;
    incoming.pause();
    const drained = isTaken ? undefined : once(outgoing, 'drain');
    // A connection that ends meanwhile has been dealt with.
    Promise.all([drained, delay(heldMs)]).then(
      () => incoming.resume(),
      () => undefined,
    );
  });
  incoming.on('end', () => outgoing.end());
}
