import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { UserError } from '../../core/errors';

/** What `supervisor.json` says about how to reach a supervisor. */
export interface ControlAddress {
  readonly pid: number;
  readonly control: string;
  readonly token?: string;
}

type Message = Readonly<Record<string, unknown>>;

interface Pending {
  readonly onEvent: (event: Message) => void;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

const protocol = 1;

/**
 * One conversation with a supervisor: JSON lines, one request at a time or several side by side.
 * The supervisor frees whatever this connection reserved when it closes, also when this process dies.
 */
export class SupervisorConnection {
  readonly #socket: Socket;
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;
  #closed: Error | undefined;
  #onEvent: ((event: Message) => void) | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    const lines = createInterface({ input: socket, crlfDelay: Infinity });
    lines.on('line', (line) => {
      this.#receive(line);
    });
    // What breaks a connection ends it, too. A line reader passes it on.
    for (const one of [socket, lines]) one.on('error', () => undefined);
    socket.once('close', () => {
      this.#end();
    });
  }

  /** @throws UserError SupervisorUnreachable, ProtocolMismatch */
  static async open(address: ControlAddress, program: string, signal: AbortSignal): Promise<SupervisorConnection> {
    const socket = await openSocket(address.control, signal);
    const connection = new SupervisorConnection(socket);
    try {
      await connection.request(
        'hello',
        { client: { pid: process.pid, program }, protocol, token: address.token },
        AbortSignal.any([signal, AbortSignal.timeout(5000)]),
      );
    } catch (error) {
      connection.close();
      throw error;
    }
    return connection;
  }

  /** Called with events that belong to no request, such as `state` after `watch`. */
  onEvent(listener: (event: Message) => void): void {
    this.#onEvent = listener;
  }

  /** Settles when the connection has ended, for whatever reason. */
  get closed(): boolean {
    return this.#closed !== undefined;
  }

  onClose(listener: () => void): void {
    if (this.#closed === undefined) this.#socket.once('close', listener);
    else listener();
  }

  /** Sends a request and returns its result; `onEvent` sees what the supervisor reports meanwhile. Aborting closes the connection. */
  async request(
    op: string,
    fields: Message,
    signal: AbortSignal,
    onEvent: (event: Message) => void = () => undefined,
  ): Promise<unknown> {
    signal.throwIfAborted();
    if (this.#closed !== undefined) throw this.#closed;
    const id = this.#nextId++;
    const abort = (): void => {
      this.#pending.get(id)?.reject(signal.reason);
      this.close();
    };
    signal.addEventListener('abort', abort, { once: true });
    try {
      return await new Promise<unknown>((resolve, reject) => {
        this.#pending.set(id, { resolve, reject, onEvent });
        this.#socket.write(`${JSON.stringify({ id, op, ...fields })}\n`);
      });
    } finally {
      signal.removeEventListener('abort', abort);
      this.#pending.delete(id);
    }
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(line: string): void {
    const message = parseMessage(line);
    if (message === undefined) return;
    const pending = typeof message['id'] === 'number' ? this.#pending.get(message['id']) : undefined;
    if (pending !== undefined && message['ok'] === true) pending.resolve(message['result']);
    else if (pending !== undefined && message['ok'] === false) pending.reject(asUserError(message['error']));
    else {
      for (const waiting of this.#pending.values()) waiting.onEvent(message);
      this.#onEvent?.(message);
    }
  }

  #end(): void {
    this.#closed = new UserError('SupervisorUnreachable', 'The supervisor of the model ended the conversation.', {
      remedy: { kind: 'runCommand', label: 'Show Logs', command: 'slipway.followLogs' },
    });
    for (const pending of this.#pending.values()) pending.reject(this.#closed);
  }
}

async function openSocket(control: string, signal: AbortSignal): Promise<Socket> {
  const separator = control.indexOf(':');
  const kind = control.slice(0, separator);
  const rest = control.slice(separator + 1);
  const socket =
    kind === 'unix' ? connect({ path: rest }) : connect({ host: '127.0.0.1', port: Number(rest.split(':').at(-1)) });
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(3000)]);
  await new Promise<void>((resolve, reject) => {
    const fail = (cause: unknown): void => {
      socket.destroy();
      reject(
        signal.aborted
          ? (signal.reason as Error)
          : new UserError('SupervisorUnreachable', 'The supervisor of the model does not answer.', { cause }),
      );
    };
    const late = (): void => {
      fail(deadline.reason);
    };
    socket.once('error', fail);
    socket.once('connect', () => {
      socket.off('error', fail);
      deadline.removeEventListener('abort', late);
      resolve();
    });
    deadline.addEventListener('abort', late, { once: true });
  });
  return socket;
}

function parseMessage(line: string): Message | undefined {
  try {
    const value = JSON.parse(line) as unknown;
    return typeof value === 'object' && value !== null ? (value as Message) : undefined;
  } catch {
    return undefined;
  }
}

/** What to do about failures that only the supervisor meets. */
const remedies: Readonly<Record<string, string>> = {
  PortTaken: 'Stop the program that uses the port, or deploy to another one with --port or port in slipway.yaml.',
  DiskFailed: 'Make room on the disk that holds the home folder, and deploy again.',
  ReleaseMissing: 'Choose one of the releases that the model lists, or deploy the project again.',
};

function asUserError(error: unknown): UserError {
  const fields = (typeof error === 'object' && error !== null ? error : {}) as Message;
  const { code, message, ...details } = fields;
  const label = typeof code === 'string' ? remedies[code] : undefined;
  return new UserError(
    typeof code === 'string' ? code : 'SupervisorFailed',
    typeof message === 'string' ? message : 'The supervisor refused the request.',
    {
      details,
      ...(label === undefined ? {} : { remedy: { kind: 'hint', label } }),
    },
  );
}
