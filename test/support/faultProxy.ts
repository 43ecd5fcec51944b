import { once } from 'node:events';
import { createServer, request as forward, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
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
  /** The registry does what it was asked, and the answer is lost. */
  | { readonly kind: 'loseAnswer' };

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
  /** Counts from 1 over all requests. */
  readonly number: number;
}

/** A network that is not to be relied on, before a real registry. */
export interface FaultProxy {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  readonly requests: readonly SeenRequest[];
  stop(): Promise<void>;
}

export const pass: Fault = { kind: 'pass' };

export async function startFaultProxy(port: number, decide: (request: SeenRequest) => Fault): Promise<FaultProxy> {
  const requests: SeenRequest[] = [];
  const server = createServer((incoming, answer) => {
    const seen = {
      method: incoming.method ?? '',
      path: incoming.url ?? '',
      authorization: incoming.headers.authorization,
      number: requests.length + 1,
    };
    requests.push(seen);
    handle(port, incoming, answer, decide(seen));
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

function handle(port: number, incoming: IncomingMessage, answer: ServerResponse, fault: Fault): void {
  if (fault.kind === 'answer') {
    answer.writeHead(fault.status, fault.headers).end(fault.body);
    return;
  }
  const { method, url: path, headers } = incoming;
  const outgoing = forward({ host: '127.0.0.1', port, method, path, headers, agent: false });
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
    response.pipe(answer);
  });
  let left = fault.kind === 'cut' ? fault.afterBytes : Infinity;
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
