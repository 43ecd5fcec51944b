import type { KubeClient } from './client';
import { explainSilence, type KubeStatus } from './failures';
import { resourcePath, resources } from './objects';

/** What is run where. */
export interface ExecRequest {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly command: readonly string[];
}

/** A command that runs in a container, with a terminal. */
export interface ExecSession {
  write(data: string): void;
  resize(columns: number, rows: number): void;
  /** Ends the connection; the command gets a hang-up. */
  close(): void;
  /** The exit code; rejects when the connection broke before the command ended. */
  readonly exit: Promise<number>;
}

/** https://github.com/kubernetes/kubernetes/blob/master/staging/src/k8s.io/apimachinery/pkg/util/remotecommand/constants.go */
const channels = { stdin: 0, stdout: 1, stderr: 2, status: 3, resize: 4 } as const;

/** A connection that does not answer to so many pings in a row is gone. */
const pingMs = 5000;

/** What we use of a WebSocket; the types of client-node's are of another package. */
interface OpenSocket {
  onclose: (event: { readonly code: number }) => void;
  onerror: (event: { readonly message?: string }) => void;
  on(event: 'pong', listener: () => void): void;
  ping(): void;
  send(data: Uint8Array): void;
  close(): void;
  terminate(): void;
}

/**
 * Runs a command in a container with a terminal. Output comes as the container writes it.
 * @throws UserError as KubeClient.request
 */
export async function openExec(
  client: KubeClient,
  { namespace, pod, container, command }: ExecRequest,
  onOutput: (data: string) => void,
): Promise<ExecSession> {
  const what = `run a command in the pod ${pod}`;
  const query = new URLSearchParams({ stdin: 'true', stdout: 'true', tty: 'true', container });
  for (const word of command) query.append('command', word);
  const exit = Promise.withResolvers<number>();
  // Nobody may be waiting yet when it fails.
  exit.promise.catch(() => undefined);
  const decoder = new TextDecoder();
  const onMessage = (channel: number, data: Buffer): boolean => {
    if (channel === channels.stdout || channel === channels.stderr) onOutput(decoder.decode(data, { stream: true }));
    if (channel === channels.status) exit.resolve(exitCode(JSON.parse(data.toString('utf8')) as KubeStatus));
    return channel !== channels.status;
  };
  const config = await (await client.session()).config();
  const { WebSocketHandler } = await import('./sdk');
  const path = `${resourcePath(resources.pods, namespace, pod)}/exec?${query.toString()}`;
  const fail = (error: unknown) => explainSilence(client.context, what, error);
  const opened: unknown = await new WebSocketHandler(config).connect(path, null, onMessage).catch((event: unknown) => {
    throw fail(refusalOf(event));
  });
  const socket = opened as OpenSocket;
  const stopPinging = keepAlive(socket);
  socket.onerror = ({ message }) => {
    exit.reject(fail(new Error(message)));
  };
  socket.onclose = () => {
    stopPinging();
    exit.reject(fail(new Error('the connection was closed')));
  };
  const send = (channel: number, text: string): void => {
    socket.send(Buffer.concat([Buffer.from([channel]), Buffer.from(text, 'utf8')]));
  };
  return {
    write: (data) => {
      send(channels.stdin, data);
    },
    resize: (columns, rows) => {
      send(channels.resize, JSON.stringify({ Width: columns, Height: rows }));
    },
    close: () => {
      socket.close();
    },
    exit: exit.promise,
  };
}

/** Ends a connection whose other side is gone without a word. */
function keepAlive(socket: OpenSocket): () => void {
  let answered = true;
  socket.on('pong', () => {
    answered = true;
  });
  const timer = setInterval(() => {
    if (!answered) socket.terminate();
    answered = false;
    socket.ping();
  }, pingMs);
  timer.unref();
  return () => {
    clearInterval(timer);
  };
}

/** https://github.com/kubernetes/kubernetes/blob/master/staging/src/k8s.io/apimachinery/pkg/util/remotecommand/constants.go: NonZeroExitCodeReason */
function exitCode(status: KubeStatus & { readonly status?: string }): number {
  if (status.status === 'Success') return 0;
  const cause = status.details?.causes?.find(({ reason }) => reason === 'ExitCode');
  return Number(cause?.message ?? 1);
}

/** The event of a WebSocket that was refused holds what happened. */
export function refusalOf(event: unknown): unknown {
  return typeof event === 'object' && event !== null && 'message' in event && !(event instanceof Error)
    ? new Error(String(event.message))
    : event;
}
