import http from 'node:http';
import https from 'node:https';
import { Readable } from 'node:stream';
import { createSecureContext } from 'node:tls';
import { authoritiesFor, dockerAuthorities } from './authorities';

/** One request. Bodies that are streams are read once, so a caller that tries again makes the request anew. */
export interface HttpRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: HttpBody;
  /** Accept any certificate. */
  readonly trustAnyone?: boolean;
  /** Close the connection afterwards, for a network that cuts long ones. */
  readonly ownConnection?: boolean;
}

export type HttpBody = Uint8Array | { readonly bytes: number; readonly stream: AsyncIterable<Uint8Array> };

export interface HttpResponse {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  /** Must be read to its end or destroyed. */
  readonly body: http.IncomingMessage;
}

/** A server that says nothing for so long is taken for gone. */
const silenceMs = 60_000;

const agents = new Map<string, http.Agent>();

/** `proxyEnv` (HTTPS_PROXY, NO_PROXY and their kin) is known to Node 22.21 and newer; an editor brings its own proxy support. */
function agentOptions(): http.AgentOptions {
  return { keepAlive: true, maxSockets: 16, ...{ proxyEnv: process.env } };
}

/**
 * Sends a request and resolves when the answer's headers are there, also when the server answers before it has read
 * the whole body.
 * @throws the error of the socket, and the signal's reason when aborted
 */
export function exchange(request: HttpRequest, signal: AbortSignal): Promise<HttpResponse> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<HttpResponse>();
  const sent = (request.url.protocol === 'https:' ? https : http).request(request.url, {
    method: request.method,
    headers: {
      'user-agent': 'slipway',
      ...(request.ownConnection === true ? { connection: 'close' } : {}),
      ...request.headers,
      ...lengthOf(request.body),
    },
    agent: agentFor(request.url, request.trustAnyone === true),
    timeout: silenceMs,
    signal,
  });
  sent.once('response', (response) => {
    // A server that refuses does not read the rest of the body.
    response.once('close', () => {
      if (!sent.writableFinished) sent.destroy();
    });
    resolve({ status: response.statusCode ?? 0, headers: response.headers, body: response });
  });
  sent.on('error', (error) => {
    reject(signal.aborted ? (signal.reason as Error) : error);
  });
  sent.once('timeout', () => {
    sent.destroy(new Error(`${request.url.host} did not answer for ${silenceMs / 1000} s`));
  });
  write(sent, request.body);
  return promise;
}

/** Reads an answer to its end, at most `limit` bytes. @throws Error for a longer one, and that of a cut connection */
export async function readBody(response: HttpResponse, limit = 32 * 1024 * 1024): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response.body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) throw new Error(`the answer is longer than ${limit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Agents keep connections open between requests; reading the system's certificates takes a moment, so each is made once. */
function agentFor({ protocol, host }: URL, trustAnyone: boolean): http.Agent {
  const kind = protocol !== 'https:' ? 'plain' : trustAnyone ? 'unverified' : 'verified';
  // Most hosts have no certificates of their own and share an agent.
  const key = kind === 'verified' && dockerAuthorities(host).length > 0 ? host : kind;
  const agent = agents.get(key) ?? makeAgent(kind, host);
  agents.set(key, agent);
  return agent;
}

function makeAgent(kind: 'plain' | 'verified' | 'unverified', host: string): http.Agent {
  if (kind === 'plain') return new http.Agent(agentOptions());
  if (kind === 'unverified') return new https.Agent({ ...agentOptions(), rejectUnauthorized: false });
  const ca = authoritiesFor(host);
  // Made once: to parse a hundred certificates for each connection would take longer than to greet the server.
  return new https.Agent({
    ...agentOptions(),
    ...(ca === undefined ? {} : { secureContext: createSecureContext({ ca: [...ca] }) }),
  });
}

function lengthOf(body: HttpBody | undefined): Readonly<Record<string, string>> {
  if (body === undefined) return {};
  return { 'content-length': String(body instanceof Uint8Array ? body.length : body.bytes) };
}

function write(sent: http.ClientRequest, body: HttpBody | undefined): void {
  if (body === undefined || body instanceof Uint8Array) {
    sent.end(body);
    return;
  }
  const source = Readable.from(body.stream, { objectMode: false });
  source.once('error', (error) => sent.destroy(error));
  sent.once('close', () => source.destroy());
  source.pipe(sent);
}
