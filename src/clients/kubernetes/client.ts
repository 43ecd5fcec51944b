import http from 'node:http';
import { pipeline } from 'node:stream';
import { urlToHttpOptions } from 'node:url';
import { createGunzip } from 'node:zlib';
import { isUserError } from '../../core/errors';
import { askAgain } from './askAgain';
import type { KubeCall } from './call';
import { certificateNote, type Credential } from './credential';
import { CredentialSource } from './credentials';
import { explainSilence, explainStatus, type KubeStatus } from './failures';
import type { KubeContext } from './kubeconfig';
import { sessionFor, type Session } from './session';
import { Throttle } from './throttle';

export type { KubeCall } from './call';

const silenceMs = 30_000;
/** How often a server that says "too many requests" is asked again, as client-go does. */
const tries = 5;

/**
 * One context's API server. Requests share connections and credentials. Nothing is connected before the first request.
 * Every method throws the signal's reason when aborted.
 */
export class KubeClient {
  readonly context: KubeContext;
  readonly #credentials: CredentialSource;
  readonly #throttle = new Throttle();
  #session: Session | undefined;

  constructor(context: KubeContext) {
    this.context = context;
    this.#credentials = new CredentialSource(context);
  }

  /**
   * Sends a request and reads the JSON of its answer; one that changes nothing again when its connection breaks.
   * @throws UserError KubernetesUnauthorized, KubernetesForbidden, KubernetesNotFound, KubernetesConflict,
   *   KubernetesInvalid, KubernetesBusy, KubernetesExpired, KubernetesFailed, KubernetesUnreachable, KubernetesCertificate
   *   and those of the credentials
   */
  async request<T = unknown>(call: KubeCall, signal: AbortSignal): Promise<T> {
    const { value } = await askAgain(call, () => this.measured(call, signal), signal);
    return value as T;
  }

  /** As {@link KubeClient.request}, with the length of the answer in characters, and once: watches go on by themselves. */
  async measured(call: KubeCall, signal: AbortSignal): Promise<{ readonly value: unknown; readonly length: number }> {
    const text = await this.text(call, signal);
    try {
      return { value: JSON.parse(text) as unknown, length: text.length };
    } catch (cause) {
      throw explainSilence(this.context, call.what, new Error('the answer is no JSON', { cause }));
    }
  }

  /** Sends a request and reads its answer as text. @throws as {@link KubeClient.request} */
  async text(call: KubeCall, signal: AbortSignal): Promise<string> {
    const response = await this.open({ ...call, compressed: true }, signal);
    try {
      return await readText(response);
    } catch (error) {
      signal.throwIfAborted();
      throw explainSilence(this.context, call.what, error);
    }
  }

  /**
   * Sends a request and resolves with its answer while it still comes: a watch, a log. It must be read to its end or
   * destroyed; an abort destroys it.
   * @throws as {@link KubeClient.request}
   */
  async open(call: KubeCall, signal: AbortSignal): Promise<http.IncomingMessage> {
    let renewed = false;
    for (let attempt = 1; ; attempt++) {
      await this.#throttle.wait(signal);
      const credential = await this.#credentials.get(signal);
      const response = await this.#send(call, credential, signal);
      const status = response.statusCode ?? 0;
      if (status < 300) return response;
      const body = await readStatus(response);
      signal.throwIfAborted();
      if (status === 401 && !renewed && this.#credentials.refuse(credential)) {
        renewed = true;
        continue;
      }
      const mayTryAgain = call.once !== true && this.#throttle.isToldToWait(status, response, body);
      if (!mayTryAgain || attempt === tries)
        throw explainStatus(this.context, call.what, status, body, certificateNote(status, credential));
    }
  }

  /** How WebSockets of this context are opened. @throws those of the credentials */
  async session(): Promise<Session> {
    return this.#sessionOf(await this.#credentials.get(new AbortController().signal));
  }

  /** Lets no later request use a connection that is open now; requests under way keep theirs. */
  renewConnections(): void {
    this.#session?.retire();
    this.#session = undefined;
  }

  /** Keeps no connection open once the requests under way are done. */
  retire(): void {
    this.#session?.retire();
  }

  /** Closes all connections. */
  dispose(): void {
    this.#session?.close();
    this.#session = undefined;
  }

  async #sessionOf(credential: Credential): Promise<Session> {
    if (this.#session?.credential === credential) return this.#session;
    this.#session = await sessionFor(this.context, credential, this.#session);
    return this.#session;
  }

  async #send(call: KubeCall, credential: Credential, signal: AbortSignal): Promise<http.IncomingMessage> {
    try {
      return await exchange(await this.#sessionOf(credential), this.context, call, signal);
    } catch (error) {
      signal.throwIfAborted();
      throw isUserError(error) ? error : explainSilence(this.context, call.what, error);
    }
  }
}

function exchange(
  session: Session,
  context: KubeContext,
  call: KubeCall,
  signal: AbortSignal,
): Promise<http.IncomingMessage> {
  const url = new URL(context.cluster.server + call.path);
  for (const [name, value] of Object.entries(call.query ?? {}))
    if (value !== undefined) url.searchParams.set(name, String(value));
  const body = call.body === undefined ? undefined : JSON.stringify(call.body);
  const silence = call.silenceMs ?? silenceMs;
  return new Promise((resolve, reject) => {
    // Not `https.request`: an editor replaces it, puts another agent in the place of ours, and connects for each request.
    const request = new http.ClientRequest({
      ...urlToHttpOptions(url),
      method: call.method ?? 'GET',
      ...session.tls,
      agent: session.agent,
      headers: {
        accept: call.accept ?? 'application/json',
        'user-agent': 'slipway',
        ...(call.compressed === true ? { 'accept-encoding': 'gzip' } : {}),
        ...session.headers,
        ...(body === undefined
          ? {}
          : { 'content-type': call.contentType ?? 'application/json', 'content-length': Buffer.byteLength(body) }),
      },
      signal,
    });
    request.setTimeout(silence, () => {
      request.destroy(new Error(`nothing was heard for ${silence / 1000} s`));
    });
    request.once('error', reject);
    request.once('response', (response) => {
      // Errors of the answer's stream are those of whoever reads it.
      request.on('error', () => undefined);
      resolve(response);
    });
    request.end(body);
  });
}

async function readText(response: http.IncomingMessage): Promise<string> {
  const isPlain = response.headers['content-encoding'] !== 'gzip';
  const plain = isPlain ? response : pipeline(response, createGunzip(), () => undefined);
  const chunks: Buffer[] = [];
  for await (const chunk of plain) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

/** A proxy between may answer with anything. */
async function readStatus(response: http.IncomingMessage): Promise<KubeStatus> {
  const text = await readText(response).catch(() => '');
  try {
    return JSON.parse(text) as KubeStatus;
  } catch {
    return /^[^<]{1,500}$/.test(text.trim()) ? { message: text.trim() } : {};
  }
}
