import { isUserError, UserError } from '../../core/errors';
import type { HttpResponse } from '../http/exchange';
import { hasBlob, pushScopes, type BlobPush, type PushedBlob } from './blob';
import type { Registry } from './connection';

const smallestChunk = 128 * 1024;
const mostRestarts = 12;

/** One blob on its way. The registry's session may be lost at any moment; then all starts over, with other chunks. */
export class Upload {
  readonly #registry: Registry;
  readonly #push: BlobPush;
  readonly #scopes: readonly string[];
  #chunk: number;
  #refusals = 0;
  #offset = 0;
  #ownConnection = false;

  constructor(registry: Registry, push: BlobPush) {
    this.#registry = registry;
    this.#push = push;
    this.#scopes = pushScopes(push.repository, push.mountFrom);
    this.#chunk = registry.chunkBytes;
  }

  async run(signal: AbortSignal): Promise<PushedBlob> {
    for (let attempt = 1; ; attempt++) {
      const session = await this.#start(attempt === 1, signal);
      if (session === undefined) return 'mounted';
      const failure = await this.#send(session, signal);
      if (failure === undefined) return 'uploaded';
      if (await this.#isThere(signal)) {
        this.#moveTo(this.#push.blob.size);
        return 'uploaded';
      }
      this.#moveTo(0);
      if (attempt === mostRestarts) throw this.#failed(failure);
      await this.#registry.wait(Math.min(attempt, 4), signal);
    }
  }

  /** The address of a new session; undefined when the registry mounted the blob instead. */
  async #start(mayMount: boolean, signal: AbortSignal): Promise<string | undefined> {
    const { repository, mountFrom, blob } = this.#push;
    const isMount = mayMount && mountFrom !== undefined;
    const query = isMount ? `?${new URLSearchParams({ mount: blob.digest, from: mountFrom }).toString()}` : '';
    const response = await this.#registry.send(
      {
        method: 'POST',
        path: `/v2/${repository}/blobs/uploads/${query}`,
        headers: { 'content-length': '0' },
        scopes: isMount ? this.#scopes : pushScopes(repository),
        what: `push to ${repository}`,
        expect: isMount ? [201, 202] : [202],
      },
      signal,
    );
    response.body.resume();
    return response.status === 201 ? undefined : await this.#locationOf(response, signal);
  }

  /** Sends everything. @returns why the session is lost, undefined when the blob is complete */
  async #send(session: string, signal: AbortSignal): Promise<unknown> {
    const { size } = this.#push.blob;
    let location = session;
    let troubles = 0;
    while (size - this.#offset > this.#chunk) {
      const outcome = await this.#patch(location, signal);
      if (outcome.kind === 'next') {
        location = outcome.location;
        troubles = 0;
        continue;
      }
      troubles += 1;
      const resumed = troubles > 3 ? undefined : await this.#resume(location, troubles, signal);
      if (resumed === undefined) return outcome.error;
      location = resumed;
    }
    return this.#finish(location, signal);
  }

  /** The next chunk. @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-a-blob-in-chunks */
  async #patch(location: string, signal: AbortSignal): Promise<PatchOutcome> {
    const end = this.#offset + this.#chunk;
    const sent = this.#track(this.#offset, end, signal);
    try {
      const response = await this.#registry.send(
        {
          method: 'PATCH',
          path: location,
          headers: { 'content-type': 'application/octet-stream', 'content-range': `${this.#offset}-${end - 1}` },
          body: () => ({ bytes: end - this.#offset, stream: sent.stream() }),
          ...this.#common,
          expect: [202],
        },
        signal,
      );
      response.body.resume();
      this.#offset = end;
      return { kind: 'next', location: await this.#locationOf(response, signal) };
    } catch (error) {
      this.#lost(error, sent.bytes(), signal);
      // Not every registry takes chunks: one that refuses them twice gets the blob in one piece.
      if (isRefusal(error)) this.#refusals += 1;
      if (this.#refusals >= 2) this.#chunk = Infinity;
      return { kind: 'lost', error };
    }
  }

  /** The rest of the blob, which closes the session. */
  async #finish(location: string, signal: AbortSignal): Promise<unknown> {
    const { blob } = this.#push;
    const sent = this.#track(this.#offset, blob.size, signal);
    const separator = location.includes('?') ? '&' : '?';
    try {
      const response = await this.#registry.send(
        {
          method: 'PUT',
          path: `${location}${separator}digest=${encodeURIComponent(blob.digest)}`,
          headers: { 'content-type': 'application/octet-stream' },
          body: () => ({ bytes: blob.size - this.#offset, stream: sent.stream() }),
          ...this.#common,
          expect: [201, 204],
        },
        signal,
      );
      response.body.resume();
      return undefined;
    } catch (error) {
      this.#lost(error, sent.bytes(), signal);
      return error;
    }
  }

  get #common(): { scopes: readonly string[]; what: string; once: true; ownConnection: boolean } {
    const { repository } = this.#push;
    return {
      scopes: pushScopes(repository),
      what: `push a layer to ${repository}`,
      once: true,
      ownConnection: this.#ownConnection,
    };
  }

  /** Where the registry stands after a cut; undefined when it has forgotten. */
  async #resume(location: string, attempt: number, signal: AbortSignal): Promise<string | undefined> {
    await this.#registry.wait(attempt, signal);
    try {
      const response = await this.#registry.send(
        { method: 'GET', path: location, ...this.#common, expect: [204] },
        signal,
      );
      response.body.resume();
      const range = /^(?:bytes=)?0-(?<last>\d+)$/.exec(response.headers.range ?? '')?.groups?.['last'];
      // `0-0` is what registries say of an empty upload, and of one byte, which nobody sends.
      this.#moveTo(range === undefined || range === '0' ? 0 : Number(range) + 1);
      return await this.#locationOf(response, signal);
    } catch {
      signal.throwIfAborted();
      return undefined;
    }
  }

  /** A failure that another attempt cannot mend ends the push; after a cut, smaller requests on fresh connections may get through. */
  #lost(error: unknown, sent: number, signal: AbortSignal): void {
    signal.throwIfAborted();
    if (
      isUserError(error) &&
      !['RegistryUnreachable', 'RegistryFailed', 'RegistryBusy', 'ImageNotFound'].includes(error.code)
    )
      throw error;
    this.#push.onBytes?.(-sent);
    this.#ownConnection = true;
    if (sent > 0) this.#chunk = Math.max(smallestChunk, Math.min(this.#chunk, Math.floor(sent / 2)));
  }

  async #isThere(signal: AbortSignal): Promise<boolean> {
    const { repository, blob } = this.#push;
    return hasBlob(this.#registry, repository, blob.digest, signal);
  }

  #moveTo(offset: number): void {
    this.#push.onBytes?.(offset - this.#offset);
    this.#offset = offset;
  }

  async #locationOf(response: HttpResponse, signal: AbortSignal): Promise<string> {
    const { location } = response.headers;
    if (location !== undefined) return new URL(location, await this.#registry.origin(signal)).href;
    throw new UserError('RegistryFailed', `${this.#registry.host} opened no place for an upload.`, {
      remedy: { kind: 'hint', label: 'Check that the address is that of a registry.' },
    });
  }

  #track(
    start: number,
    end: number,
    signal: AbortSignal,
  ): { stream: () => AsyncIterable<Uint8Array>; bytes: () => number } {
    const { blob, onBytes } = this.#push;
    let bytes = 0;
    async function* stream(): AsyncGenerator<Uint8Array> {
      onBytes?.(-bytes);
      bytes = 0;
      for await (const chunk of blob.open(start, end, signal)) {
        bytes += chunk.length;
        onBytes?.(chunk.length);
        yield chunk;
      }
    }
    return { stream, bytes: () => bytes };
  }

  #failed(cause: unknown): UserError {
    const why = cause instanceof Error ? cause.message : String(cause);
    return new UserError('UploadFailed', `A layer could not be pushed to ${this.#registry.host}: ${why}`, {
      cause,
      remedy: { kind: 'hint', label: 'Try again: what arrived already is not sent again.' },
    });
  }
}

type PatchOutcome =
  { readonly kind: 'next'; readonly location: string } | { readonly kind: 'lost'; readonly error: unknown };

/** A request that the registry does not want in this form; a server that failed may want it later. */
function isRefusal(error: unknown): boolean {
  const status = isUserError(error) && error.code === 'RegistryFailed' ? error.details['status'] : undefined;
  return typeof status === 'number' && (status < 500 || status === 501);
}
