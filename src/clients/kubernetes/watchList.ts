import { setTimeout as delay } from 'node:timers/promises';
import { isUserError, type UserError } from '../../core/errors';
import type { KubeClient } from './client';
import { explainStatus, isLasting } from './failures';
import { withHeartbeat } from './heartbeat';
import type { KubeObject } from './objects';
import { TableReader, type Table } from './table';
import { acceptOf, watchStream, type WatchedList, type WatchEvent } from './watchStream';

/** What a watched list holds. */
export interface Watched<T> {
  /** By uid. Always the same map, which changes between two values: read it before asking for the next. */
  readonly items: ReadonlyMap<string, T>;
  /** Whether the first reading has come to its end; until then there are more. */
  readonly complete: boolean;
  /** Why it may be old: the connection broke and is being made again. */
  readonly stale: { readonly since: Date; readonly error: UserError } | undefined;
}

/** Objects of the first page, and at most of any. */
const firstPageSize = 100;
const largestPageSize = 500;
/** Characters of a page to aim at: reading one should not hold up the editor. */
const pageLength = 750_000;
/** At most one connection a second, and at least one every few seconds: a tree is right again soon after a fault. */
const firstWaitMs = 1000;
const longestWaitMs = 8000;

/** Who may list but not watch gets a new list so often. */
const pollMs = 15_000;

/**
 * Lists objects page by page, then follows their changes until aborted. After a fault it goes on by itself where it was,
 * and lists again only when the server has forgotten that state.
 * @param project keeps what is needed of an object: lists are long and objects large
 * @throws UserError KubernetesForbidden, KubernetesNotFound (a kind that the cluster does not have), KubernetesInvalid
 */
export async function* watchList<T>(
  client: KubeClient,
  list: WatchedList,
  project: (object: KubeObject) => T,
  signal: AbortSignal,
): AsyncGenerator<Watched<T>> {
  const kept = new KeptList(client, list, project);
  for (;;) {
    const startedAt = performance.now();
    try {
      yield* kept.read(signal);
      yield* kept.follow(signal);
    } catch (error) {
      signal.throwIfAborted();
      if (kept.fail(error)) yield kept.value();
    }
    await delay(kept.wait(performance.now() - startedAt), undefined, { signal });
  }
}

/** A list between two connections. */
class KeptList<T> {
  readonly #client: KubeClient;
  readonly #list: WatchedList;
  readonly #project: (object: KubeObject) => T;
  readonly #tables: TableReader | undefined;
  readonly #items = new Map<string, T>();
  /** To go on from; undefined when the list must be read. */
  #version: string | undefined;
  #complete = false;
  #stale: Watched<T>['stale'];
  #waitMs = firstWaitMs;

  constructor(client: KubeClient, list: WatchedList, project: (object: KubeObject) => T) {
    this.#client = client;
    this.#list = list;
    this.#project = project;
    this.#tables = list.asTable === true ? new TableReader() : undefined;
  }

  value(): Watched<T> {
    return { items: this.#items, complete: this.#complete, stale: this.#stale };
  }

  /** Reads the list, unless it only has to be followed. The first time each page is shown as it comes. */
  async *read(signal: AbortSignal): AsyncGenerator<Watched<T>> {
    if (this.#version !== undefined) return;
    const seen = new Set<string>();
    let version = '';
    const answers = this.#list.fromMemory === true && !this.#complete ? fromMemory : listPages;
    for await (const page of answers(this.#client, this.#list, signal, this.#tables)) {
      for (const object of page.items) {
        seen.add(object.metadata.uid);
        this.#items.set(object.metadata.uid, this.#project(object));
      }
      version = page.version;
      if (!this.#complete) yield this.value();
    }
    for (const uid of this.#items.keys()) if (!seen.has(uid)) this.#items.delete(uid);
    this.#version = version;
    this.#complete = true;
    this.#stale = undefined;
    yield this.value();
  }

  async *follow(signal: AbortSignal): AsyncGenerator<Watched<T>> {
    const open = (inner: AbortSignal) => watchStream(this.#client, this.#list, this.#version ?? '', inner);
    for await (const events of withHeartbeat(this.#client, open, signal)) {
      for (const event of events) this.#adopt(event);
      const isNews = this.#stale !== undefined || events.some(({ type }) => type !== 'BOOKMARK');
      this.#waitMs = firstWaitMs;
      this.#stale = undefined;
      if (isNews) yield this.value();
    }
  }

  /** @returns whether the list is old now @throws what asking again does not change */
  fail(error: unknown): boolean {
    if (!isUserError(error)) throw error;
    if (error.code === 'KubernetesExpired') {
      this.#version = undefined;
      return false;
    }
    if (error.code === 'KubernetesForbidden' && this.#complete) {
      this.#version = undefined;
      this.#waitMs = pollMs;
      return false;
    }
    if (isLasting(error)) throw error;
    this.#stale ??= { since: new Date(), error };
    return true;
  }

  /** Milliseconds to wait before the next connection. */
  wait(spentMs: number): number {
    const jittered = this.#waitMs * (1 + Math.random() / 2);
    if (this.#stale !== undefined) this.#waitMs = Math.min(this.#waitMs * 2, longestWaitMs);
    return Math.max(0, jittered - spentMs);
  }

  #adopt(event: WatchEvent): void {
    if (event.type === 'ERROR')
      throw explainStatus(this.#client.context, this.#list.what, event.object.code ?? 500, event.object);
    const object = this.#tables?.single(event.object) ?? event.object;
    const { uid, resourceVersion } = object.metadata;
    this.#version = resourceVersion;
    if (event.type === 'DELETED') this.#items.delete(uid);
    else if (event.type !== 'BOOKMARK') this.#items.set(uid, this.#project(object));
  }
}

interface Page {
  readonly items: readonly KubeObject[];
  readonly version: string;
}

/** A list page by page, which are of a like length: reading one does not hold up the editor. @throws as KubeClient.request */
export async function* listPages(
  client: KubeClient,
  list: WatchedList,
  signal: AbortSignal,
  tables?: TableReader,
): AsyncGenerator<Page> {
  let next: string | undefined;
  let limit = firstPageSize;
  do {
    const query = { ...list.query, limit, continue: next };
    const { value, length } = await client.measured(
      { what: list.what, path: list.path, query, ...acceptOf(list) },
      signal,
    );
    const answer = value as ListAnswer;
    const page = pageOf(answer, tables);
    yield page;
    next = answer.metadata.continue === '' ? undefined : answer.metadata.continue;
    limit = nextSize(page.items.length, length);
  } while (next !== undefined);
}

async function* fromMemory(client: KubeClient, list: WatchedList, signal: AbortSignal): AsyncGenerator<Page> {
  const query = { ...list.query, resourceVersion: 0 };
  yield pageOf(await client.request<ListAnswer>({ what: list.what, path: list.path, query }, signal), undefined);
}

function pageOf(answer: ListAnswer, tables: TableReader | undefined): Page {
  return { items: tables?.list(answer) ?? answer.items ?? [], version: answer.metadata.resourceVersion };
}

/** As many objects as make a page of the wanted length, by those of the last one. */
function nextSize(objects: number, length: number): number {
  if (objects === 0) return largestPageSize;
  const wanted = Math.floor((pageLength * objects) / length);
  return Math.min(Math.max(wanted, 1), largestPageSize);
}

interface ListAnswer extends Table {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items?: readonly KubeObject[];
}
