import { setTimeout as delay } from 'node:timers/promises';
import { exchange, readBody, type HttpBody, type HttpResponse } from '../http/exchange';
import { Authorization } from './authorization';
import type { CredentialSource } from './dockerConfig';
import { explainRefusal, unreachable } from './failures';

/** What was sent so far, for figures and progress. */
export interface Traffic {
  requests: number;
  uploadedBytes: number;
}

export interface RegistryRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  /** `/v2/…`, or an absolute address that the registry gave. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Called once for each attempt. */
  readonly body?: () => HttpBody;
  /** The rights that the request needs: `repository:NAME:pull`. */
  readonly scopes: readonly string[];
  /** Completes "the registry does not allow you to …". */
  readonly what: string;
  /** Answers that the caller understands; every other one is an error. */
  readonly expect: readonly number[];
  /** Whether to try again after a failure. An upload that is under way decides that itself. */
  readonly once?: boolean;
  readonly ownConnection?: boolean;
}

export interface RegistryOptions {
  /** Speak HTTP where the registry does, and accept any certificate. Only when the user asked for it. */
  readonly insecure: boolean;
  /** Credentials that were typed, before those of Docker's configuration. */
  readonly credentials?: CredentialSource;
  /** Up to here a blob is one request; a larger one goes in chunks, so that a cut costs one chunk at most. */
  readonly chunkBytes?: number;
  /** Waits before another attempt; by default half a second that doubles up to 20, with jitter. */
  readonly wait?: (attempt: number, signal: AbortSignal) => Promise<void>;
}

const mostAttempts = 6;
const longestRetryAfterMs = 60_000;
const mostRedirects = 5;

/** One registry: requests with credentials, renewed tokens, and patience with a server that is busy or a network that cuts. */
export class Registry {
  /** As the user writes it. */
  readonly host: string;
  readonly chunkBytes: number;
  readonly traffic: Traffic = { requests: 0, uploadedBytes: 0 };
  readonly #options: RegistryOptions;
  readonly #authorization: Authorization;
  #origin: Promise<string> | undefined;

  constructor(host: string, options: RegistryOptions) {
    this.host = host;
    this.#options = options;
    this.chunkBytes = options.chunkBytes ?? 64 * 1024 * 1024;
    this.#authorization = new Authorization(host, options, this.traffic);
  }

  /**
   * Sends a request and returns an expected answer, whose body the caller must read or destroy.
   * @throws UserError RegistryUnreachable, RegistryUnauthorized, RegistryDenied, ImageNotFound, RegistryTooLarge,
   * RegistryBusy, RegistryFailed, and those of {@link findCredentials}
   */
  async send(request: RegistryRequest, signal: AbortSignal): Promise<HttpResponse> {
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.#attempt(request, signal);
      if (outcome.kind === 'answer' && request.expect.includes(outcome.response.status)) return outcome.response;
      const isLast = attempt === mostAttempts || request.once === true;
      if (isLast || !isPassing(outcome)) throw await this.#failure(request, outcome);
      const after = outcome.kind === 'answer' ? retryAfterMs(outcome.response) : undefined;
      if (outcome.kind === 'answer') outcome.response.body.destroy();
      await (after === undefined ? this.wait(attempt, signal) : delay(after, undefined, { signal }));
    }
  }

  /** Sends a request and reads the whole answer. */
  async read(
    request: RegistryRequest,
    signal: AbortSignal,
  ): Promise<{ readonly status: number; readonly headers: HttpResponse['headers']; readonly body: Buffer }> {
    for (let attempt = 1; ; attempt++) {
      const response = await this.send(request, signal);
      try {
        return { status: response.status, headers: response.headers, body: await readBody(response) };
      } catch (cause) {
        signal.throwIfAborted();
        if (attempt === mostAttempts || request.once === true) throw unreachable(this.host, request.what, cause);
        await this.wait(attempt, signal);
      }
    }
  }

  /** The pause before another attempt. */
  async wait(attempt: number, signal: AbortSignal): Promise<void> {
    await (this.#options.wait ?? backOff)(attempt, signal);
  }

  /** Scheme and host of the registry's API. */
  origin(signal: AbortSignal): Promise<string> {
    this.#origin ??= this.#findOrigin(signal).catch((error: unknown) => {
      this.#origin = undefined;
      throw error;
    });
    return this.#origin;
  }

  async #attempt(request: RegistryRequest, signal: AbortSignal): Promise<Outcome> {
    try {
      const response = await this.#withCredentials(request, signal);
      return { kind: 'answer', response };
    } catch (error) {
      signal.throwIfAborted();
      return { kind: 'cut', error };
    }
  }

  /** A 401 tells what to bring; a token that has run out meanwhile is renewed once. */
  async #withCredentials(request: RegistryRequest, signal: AbortSignal): Promise<HttpResponse> {
    const origin = await this.origin(signal);
    const url = new URL(request.path, origin);
    const isHome = url.origin === origin;
    const shown = isHome ? await this.#authorization.header(request.scopes, signal) : undefined;
    const first = await this.#exchange(request, url, shown, signal);
    if (first.status !== 401 || !isHome) return first;
    if (!(await this.#authorization.learn(first, request.scopes, shown, signal))) return first;
    first.body.destroy();
    return this.#exchange(request, url, await this.#authorization.header(request.scopes, signal), signal);
  }

  async #exchange(
    request: RegistryRequest,
    url: URL,
    shown: string | undefined,
    signal: AbortSignal,
  ): Promise<HttpResponse> {
    let target = url;
    for (let redirects = 0; ; redirects++) {
      // Another host, such as the storage behind a registry, must not see the credentials.
      const authorization = target.origin === url.origin ? shown : undefined;
      const response = await this.#count(
        exchange(
          {
            method: request.method,
            url: target,
            headers: { ...request.headers, ...(authorization === undefined ? {} : { authorization }) },
            ...(request.body === undefined ? {} : { body: this.#counted(request.body()) }),
            trustAnyone: this.#options.insecure,
            ...(request.ownConnection === undefined ? {} : { ownConnection: request.ownConnection }),
          },
          signal,
        ),
      );
      const next = redirectOf(request, response, target);
      if (next === undefined || redirects === mostRedirects) return response;
      response.body.destroy();
      target = next;
    }
  }

  async #findOrigin(signal: AbortSignal): Promise<string> {
    if (this.host === 'docker.io') return 'https://registry-1.docker.io';
    if (!this.#options.insecure) return `https://${this.host}`;
    // Without credentials: which of the two it speaks is not known yet. A server that wants TLS refuses the request
    // with 400 or cuts the connection; a network that cuts does so only sometimes.
    const url = new URL(`http://${this.host}/v2/`);
    for (let attempt = 1; attempt <= 3; attempt++) {
      try {
        const answer = await this.#count(exchange({ method: 'GET', url }, signal));
        answer.body.resume();
        return `${answer.status === 400 ? 'https' : 'http'}://${this.host}`;
      } catch (error) {
        signal.throwIfAborted();
        if (!isReset(error)) throw error;
      }
    }
    return `https://${this.host}`;
  }

  #count(sent: Promise<HttpResponse>): Promise<HttpResponse> {
    this.traffic.requests += 1;
    return sent;
  }

  #counted(body: HttpBody): HttpBody {
    const { traffic } = this;
    if (body instanceof Uint8Array) {
      traffic.uploadedBytes += body.length;
      return body;
    }
    async function* count(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
      for await (const chunk of stream) {
        traffic.uploadedBytes += chunk.length;
        yield chunk;
      }
    }
    return { bytes: body.bytes, stream: count(body.stream) };
  }

  async #failure(request: RegistryRequest, outcome: Outcome): Promise<unknown> {
    if (outcome.kind === 'answer') return explainRefusal(this.host, request.what, outcome.response);
    return isForeseen(outcome.error) ? outcome.error : unreachable(this.host, request.what, outcome.error);
  }
}

type Outcome =
  { readonly kind: 'answer'; readonly response: HttpResponse } | { readonly kind: 'cut'; readonly error: unknown };

/** Whether another attempt may fare better. */
function isPassing(outcome: Outcome): boolean {
  if (outcome.kind === 'answer') return [408, 425, 429, 500, 502, 503, 504].includes(outcome.response.status);
  return !isForeseen(outcome.error) && !isCertificateProblem(outcome.error);
}

function isForeseen(error: unknown): boolean {
  return error instanceof Error && error.name === 'UserError';
}

function isReset(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /ECONNRESET|EPIPE|HPE_/.test(String(error.code));
}

function isCertificateProblem(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return /CERT|SELF_SIGNED|ENOTFOUND|WRONG_VERSION|ERR_SSL|UNABLE_TO/.test(code);
}

/** @see https://www.rfc-editor.org/rfc/rfc9110#name-retry-after */
function retryAfterMs(response: HttpResponse): number | undefined {
  const header = response.headers['retry-after'];
  if (header === undefined) return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), longestRetryAfterMs) : undefined;
}

function redirectOf(request: RegistryRequest, response: HttpResponse, from: URL): URL | undefined {
  const { location } = response.headers;
  const isRedirect = [301, 302, 303, 307, 308].includes(response.status);
  const isReading = request.method === 'GET' || request.method === 'HEAD';
  return isRedirect && isReading && location !== undefined ? new URL(location, from) : undefined;
}

async function backOff(attempt: number, signal: AbortSignal): Promise<void> {
  const most = Math.min(500 * 2 ** (attempt - 1), 20_000);
  await delay(most * (0.5 + Math.random() / 2), undefined, { signal });
}
