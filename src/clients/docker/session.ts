import type Docker from 'dockerode';
import { randomUUID } from 'node:crypto';
import { performServerHandshake, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { Duplex } from 'node:stream';
import type { Credentials } from '../registry/dockerConfig';
import { decodeMessage, encodeTexts, textOf } from './protobuf';

/** A connection on which BuildKit asks this machine for credentials while it builds. */
export interface BuildSession {
  readonly id: string;
  close(): void;
}

type FindCredentials = (host: string) => Promise<Credentials>;

const methods = {
  health: '/grpc.health.v1.Health/Check',
  credentials: '/moby.filesync.v1.Auth/Credentials',
} as const;

/** `SERVING` of HealthCheckResponse. */
const serving = Buffer.from([0x08, 0x01]);
const unimplemented = '12';
const ok = '0';

/**
 * Opens a session: BuildKit cannot even ask a public registry for a token without one.
 * @returns undefined when the engine has no BuildKit
 * @see https://docs.docker.com/reference/api/engine/version/v1.48/#tag/Session
 */
export async function openSession(
  docker: Docker,
  find: FindCredentials,
  signal: AbortSignal,
): Promise<BuildSession | undefined> {
  const id = randomUUID();
  const socket = await upgrade(docker, id, signal);
  if (socket === undefined) return undefined;
  // What BuildKit says on a connection that is being closed is of no interest.
  socket.on('error', () => undefined);
  const session = performServerHandshake(socket);
  session.on('error', () => undefined);
  session.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    stream.on('error', () => undefined);
    answer(stream, headers[':path'] ?? '', find).catch((error: unknown) => {
      stream.destroy(error instanceof Error ? error : undefined);
    });
  });
  return {
    id,
    close: () => {
      session.destroy();
      socket.destroy();
    },
  };
}

/** What dockerode leaves untyped. */
interface Modem {
  dial(options: object, done: (error: unknown, result: unknown) => void): void;
}

function upgrade(docker: Docker, id: string, signal: AbortSignal): Promise<Duplex | undefined> {
  const headers = {
    Upgrade: 'h2c',
    'X-Docker-Expose-Session-Uuid': id,
    'X-Docker-Expose-Session-Name': 'slipway',
    'X-Docker-Expose-Session-Grpc-Method': [methods.health, methods.credentials],
  };
  const options = {
    method: 'POST',
    path: '/session',
    hijack: true,
    headers,
    statusCodes: { 101: true },
    abortSignal: signal,
  };
  return new Promise((resolve) => {
    (docker.modem as Modem).dial(options, (error, result) => {
      resolve(error === null ? (result as Duplex) : undefined);
    });
  });
}

/** @see https://github.com/grpc/grpc/blob/v1.72.0/doc/PROTOCOL-HTTP2.md */
async function answer(stream: ServerHttp2Stream, path: string, find: FindCredentials): Promise<void> {
  const started = { ':status': 200, 'content-type': 'application/grpc' };
  const request = await readAll(stream);
  const message =
    path === methods.health
      ? serving
      : path === methods.credentials
        ? await credentialsMessage(request.subarray(prefixBytes), find)
        : undefined;
  if (message === undefined) {
    stream.respond({ ...started, 'grpc-status': unimplemented }, { endStream: true });
    return;
  }
  stream.respond(started, { waitForTrailers: true });
  stream.once('wantTrailers', () => {
    stream.sendTrailers({ 'grpc-status': ok });
  });
  const prefix = Buffer.alloc(prefixBytes);
  prefix.writeUInt32BE(message.length, 1);
  stream.end(Buffer.concat([prefix, message]));
}

/** Before each message: whether it is compressed, and its length. */
const prefixBytes = 5;

async function credentialsMessage(request: Buffer, find: FindCredentials): Promise<Buffer> {
  const host = textOf(decodeMessage(request), 1);
  const found = await find(host === 'registry-1.docker.io' ? 'docker.io' : host);
  switch (found.kind) {
    case 'password':
      return encodeTexts({ 1: found.username, 2: found.password });
    case 'identityToken':
      return encodeTexts({ 2: found.token });
    case 'registryToken':
    case 'anonymous':
      return Buffer.alloc(0);
  }
}

async function readAll(stream: ServerHttp2Stream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}
