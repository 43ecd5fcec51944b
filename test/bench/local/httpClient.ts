import { connect, type Socket } from 'node:net';

export interface Burst {
  readonly requestsPerSecond: number;
  /** Milliseconds of each request. */
  readonly latencies: readonly number[];
}

export interface BurstLimits {
  readonly connections: number;
  readonly milliseconds: number;
  readonly requests: number;
}

/**
 * Posts one body over and over, each connection one request after the other, until the time or the count is reached.
 * It reads no more of an answer than its length, so that the server is what is measured.
 * @throws Error when a connection breaks or an answer is not 200
 */
export async function burst(url: string, body: string, limits: BurstLimits): Promise<Burst> {
  const request = requestBytes(new URL(url), body);
  const connections = await Promise.all(
    Array.from({ length: limits.connections }, () => Connection.open(new URL(url))),
  );
  const latencies: number[] = [];
  const started = performance.now();
  const end = started + limits.milliseconds;
  const run = async (connection: Connection): Promise<void> => {
    for (let now = performance.now(); now < end && latencies.length < limits.requests;) {
      await connection.send(request);
      const answered = performance.now();
      latencies.push(answered - now);
      now = answered;
    }
  };
  try {
    await Promise.all(connections.map(run));
    return { requestsPerSecond: latencies.length / ((performance.now() - started) / 1000), latencies };
  } finally {
    for (const connection of connections) connection.close();
  }
}

function requestBytes({ host, pathname }: URL, body: string): Buffer {
  const head = [
    `POST ${pathname} HTTP/1.1`,
    `Host: ${host}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`);
}

/** One keep-alive connection that has at most one request under way. */
class Connection {
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #done: (() => void) | undefined;
  #failed: ((error: Error) => void) | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
      this.#take();
    });
    socket.on('error', (error) => this.#failed?.(error));
    socket.on('close', () => this.#failed?.(new Error('The server closed the connection.')));
  }

  static async open({ hostname, port }: URL): Promise<Connection> {
    const socket = connect({ host: hostname, port: Number(port) });
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return new Connection(socket);
  }

  send(request: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#done = resolve;
      this.#failed = reject;
      this.#socket.write(request);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(): void {
    const end = this.#received.indexOf('\r\n\r\n');
    if (end === -1) return;
    const head = this.#received.toString('latin1', 0, end);
    const length = /^content-length: *(\d+)/im.exec(head)?.[1];
    if (!head.startsWith('HTTP/1.1 200') || length === undefined) {
      this.#failed?.(new Error(`The server answered ${this.#received.toString('utf8', 0, 500)}`));
      return;
    }
    const size = end + 4 + Number(length);
    if (this.#received.length < size) return;
    this.#received = this.#received.subarray(size);
    this.#done?.();
  }
}
