import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { KubeContext } from '../../src/clients/kubernetes';

/** An API server that does nothing but what a test tells: for faults that a real one does not have on request. */
export interface FakeApiserver {
  readonly context: KubeContext;
  /** Path and query of every request, in their order. */
  readonly requests: readonly string[];
  stop(): Promise<void>;
}

export async function fakeApiserver(
  answer: (url: URL, response: ServerResponse, request: IncomingMessage) => void,
): Promise<FakeApiserver> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://server');
    requests.push(url.pathname + url.search);
    answer(url, response, request);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const cluster = { name: 'fake', server: `http://127.0.0.1:${port}`, skipTLSVerify: false };
  return {
    context: { name: 'fake', file: 'config', line: 1, namespace: undefined, cluster, user: { name: 'u' } },
    requests,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** An object as a list or a watch tells it. */
export function fakeObject(name: string, resourceVersion = '1', rest: object = {}) {
  const metadata = { name, uid: `uid-${name}`, resourceVersion, creationTimestamp: '2026-01-01T00:00:00Z' };
  return { ...rest, metadata: { ...metadata, ...('metadata' in rest ? (rest.metadata as object) : {}) } };
}

export function sendJson(response: ServerResponse, status: number, body: unknown, headers = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

export function sendEvent(response: ServerResponse, type: string, object: unknown): void {
  response.write(`${JSON.stringify({ type, object })}\n`);
}
