import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { clientFor, resourcePath, resources, type KubeClient, type KubeObject } from '../../../src/clients/kubernetes';
import { loadKubeconfig } from '../../../src/clients/kubernetes/kubeconfigFiles';

/** Which API server to stand before, and how many changes of nodes to add to its watches. */
export interface AmplifierTask {
  readonly kubeconfig: string;
  readonly seconds: number;
  readonly perSecond: number;
}

/** What the amplifier tells the process that started it: where it listens, then how many changes it sent. */
export type AmplifierNews = { readonly port: number } | { readonly sent: number };

const tickMs = 10;

type Node = KubeObject & { readonly spec: Readonly<Record<string, unknown>> };

/**
 * Passes requests on to a real API server. No API server on two cores changes a thousand nodes a second, so once it is
 * told to, it adds changes to a watch of nodes: each node in turn is cordoned, then uncordoned, and cordoned at last.
 */
async function amplify({ kubeconfig, seconds, perSecond }: AmplifierTask): Promise<void> {
  const [context] = (await loadKubeconfig([kubeconfig])).contexts;
  if (context === undefined) throw new Error('There is no context.');
  const client = clientFor(context);
  const never = new AbortController().signal;
  const nodes = await client.request<{ items: readonly Node[]; metadata: { resourceVersion: string } }>(
    { what: 'list nodes', path: resourcePath(resources.nodes) },
    never,
  );
  const watches = new Set<http.ServerResponse>();
  const server = http.createServer((request, response) => {
    void pass(client, request, response, watches);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  tell({ port: (server.address() as AddressInfo).port });
  await new Promise<void>((resolve) =>
    process.once('message', () => {
      resolve();
    }),
  );
  const start = performance.now();
  let sent = 0;
  const send = async (isCordoned: boolean): Promise<void> => {
    const node = nodes.items[sent % nodes.items.length];
    if (node === undefined) return;
    sent++;
    const metadata = { ...node.metadata, resourceVersion: nodes.metadata.resourceVersion };
    const object = {
      kind: 'Node',
      apiVersion: 'v1',
      ...node,
      metadata,
      spec: { ...node.spec, unschedulable: isCordoned },
    };
    const line = `${JSON.stringify({ type: 'MODIFIED', object })}\n`;
    for (const watch of watches)
      if (!watch.write(line))
        await new Promise<void>((resolve) =>
          watch.once('drain', () => {
            resolve();
          }),
        );
  };
  for (let spent = 0; spent < seconds * 1000; spent = performance.now() - start) {
    while (sent < (spent / 1000) * perSecond) await send(Math.floor(sent / nodes.items.length) % 2 === 0);
    await delay(tickMs);
  }
  const counted = sent;
  for (const end = sent + nodes.items.length; sent < end;) await send(true);
  tell({ sent: counted });
}

async function pass(
  client: KubeClient,
  request: http.IncomingMessage,
  response: http.ServerResponse,
  watches: Set<http.ServerResponse>,
): Promise<void> {
  const path = request.url ?? '/';
  const gone = new AbortController();
  response.once('close', () => {
    gone.abort();
    watches.delete(response);
  });
  try {
    const answer = await client.open({ what: 'pass a request on', path, silenceMs: 600_000 }, gone.signal);
    response.writeHead(answer.statusCode ?? 502, { 'content-type': 'application/json' });
    response.flushHeaders();
    if (!/^\/api\/v1\/nodes\?.*\bwatch=true/.test(path)) {
      answer.pipe(response);
      return;
    }
    watches.add(response);
    // By lines: changes that are added stand between those of the server.
    for await (const line of createInterface({ input: answer })) response.write(`${line}\n`);
    response.end();
  } catch {
    response.destroy();
  }
}

function tell(news: AmplifierNews): void {
  process.send?.(news);
}

// Who started it is done.
process.once('disconnect', () => process.exit());
await amplify(JSON.parse(process.argv[2] ?? '{}') as AmplifierTask);
