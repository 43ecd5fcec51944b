import { connect, createServer, type Socket } from 'node:net';

/** A Unix socket before another one, whose connections can be cut. */
export interface CuttableSocket {
  cut(): void;
  stop(): Promise<void>;
}

export async function startCuttable(at: string, socket: string): Promise<CuttableSocket> {
  const open = new Set<Socket>();
  const server = createServer((incoming) => {
    const outgoing = connect(socket);
    incoming.pipe(outgoing).pipe(incoming);
    for (const one of [incoming, outgoing]) {
      open.add(one);
      one.on('error', () => undefined);
      one.on('close', () => {
        open.delete(one);
        incoming.destroy();
        outgoing.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(at, resolve));
  const cut = (): void => {
    for (const one of open) one.destroy();
  };
  return {
    cut,
    stop: async () => {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
