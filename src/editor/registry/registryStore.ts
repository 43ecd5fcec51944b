import type { ImageRepository, ImageTag, ListPage } from '../../core/registry';
import {
  repositoryNodeId,
  unread,
  type Listing,
  type RegistryState,
  type RepositoryState,
} from '../../tree/registryTree';
import type { Disposable } from '../feed';

/** Reads registries. Errors are shown in the place of what could not be read. */
export interface RegistryReader {
  repositories(host: string, next: string | undefined, signal: AbortSignal): Promise<ListPage<ImageRepository>>;
  tags(host: string, repository: string, next: string | undefined, signal: AbortSignal): Promise<ListPage<ImageTag>>;
}

export interface RegistryStoreOptions {
  /** Registries that are worth a row; nothing is connected for it. */
  hosts(): Promise<readonly string[]>;
  /** Opened anew for each refresh. */
  reader(): Promise<RegistryReader>;
}

/** What the Registries view shows: read when a row is opened, kept until it is refreshed. */
export class RegistryStore implements Disposable {
  readonly #options: RegistryStoreOptions;
  readonly #listeners = new Set<() => void>();
  readonly #reading = new Map<string, Promise<void>>();
  #registries: readonly RegistryState[] = [];
  #reader: Promise<RegistryReader> | undefined;
  #loaded = false;
  #closing = new AbortController();

  constructor(options: RegistryStoreOptions) {
    this.#options = options;
  }

  get registries(): readonly RegistryState[] {
    return this.#registries;
  }

  get loaded(): boolean {
    return this.#loaded;
  }

  onChange(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { dispose: () => this.#listeners.delete(listener) };
  }

  /** Finds the registries at the first time. Nothing is watched: a registry tells nobody what it gets. */
  hold(): Disposable {
    if (!this.#loaded) void this.#once('', () => this.#findHosts());
    return { dispose: () => undefined };
  }

  /** Reads what stands below a row, at its first time. */
  async load(id: string): Promise<void> {
    const found = this.#listOf(id);
    if (found !== undefined && !found.list.isRead) await this.#once(id, () => found.read(undefined));
  }

  /** Reads the next page below a row. */
  async loadMore(id: string): Promise<void> {
    const found = this.#listOf(id);
    const next = found?.list.next;
    if (found !== undefined && next !== undefined) await this.#once(id, () => found.read(next));
  }

  /** Reads again what was read before. */
  async refresh(): Promise<void> {
    this.#reader = undefined;
    if (!this.#loaded) return;
    const before = this.#registries;
    await this.#once('', () => this.#findHosts());
    const read = before.filter(({ repositories }) => repositories.isRead);
    await Promise.all(read.map(({ host }) => this.#readAgain(host)));
  }

  dispose(): void {
    this.#closing.abort();
    this.#listeners.clear();
  }

  async #readAgain(host: string): Promise<void> {
    await this.#listOf(host)?.read(undefined);
    const { items } = this.#registries.find((one) => one.host === host)?.repositories ?? unread;
    const read = items.filter(({ tags }) => tags.isRead);
    await Promise.all(
      read.map(async ({ name }) => {
        await this.#listOf(repositoryNodeId(host, name))?.read(undefined);
      }),
    );
  }

  /** Whoever asks while an answer is under way gets that one. */
  #once(id: string, body: () => Promise<void>): Promise<void> {
    const running = this.#reading.get(id) ?? body().finally(() => this.#reading.delete(id));
    this.#reading.set(id, running);
    return running;
  }

  async #findHosts(): Promise<void> {
    const hosts = await this.#options.hosts().catch(() => []);
    this.#registries = hosts.map(
      (host) => this.#registries.find((one) => one.host === host) ?? { host, repositories: unread },
    );
    this.#loaded = true;
    this.#tell();
  }

  #listOf(
    id: string,
  ): { readonly list: Listing<unknown>; readonly read: (next: string | undefined) => Promise<void> } | undefined {
    for (const { host, repositories } of this.#registries) {
      if (id === host) return { list: repositories, read: (next) => this.#readRepositories(host, next) };
      for (const { name, tags } of repositories.items)
        if (id === repositoryNodeId(host, name))
          return { list: tags, read: (next) => this.#readTags(host, name, next) };
    }
    return undefined;
  }

  async #readRepositories(host: string, next: string | undefined): Promise<void> {
    const page = await this.#ask((reader, signal) => reader.repositories(host, next, signal));
    this.#change(host, (repositories) => {
      const known = new Map(repositories.items.map((one) => [one.name, one]));
      const items = page.items.map((one) => ({ ...one, tags: known.get(one.name)?.tags ?? unread }));
      return joined(repositories, { ...page, items }, next);
    });
  }

  async #readTags(host: string, repository: string, next: string | undefined): Promise<void> {
    const page = await this.#ask((reader, signal) => reader.tags(host, repository, next, signal));
    this.#change(host, (repositories) => ({
      ...repositories,
      items: repositories.items.map((one) =>
        one.name === repository ? { ...one, tags: joined(one.tags, page, next) } : one,
      ),
    }));
  }

  async #ask<Item>(
    question: (reader: RegistryReader, signal: AbortSignal) => Promise<ListPage<Item>>,
  ): Promise<Answer<Item>> {
    this.#reader ??= this.#options.reader();
    try {
      return await question(await this.#reader, this.#closing.signal);
    } catch (error) {
      return { items: [], problem: error instanceof Error ? error.message : String(error) };
    }
  }

  #change(host: string, change: (repositories: Listing<RepositoryState>) => Listing<RepositoryState>): void {
    this.#registries = this.#registries.map((one) =>
      one.host === host ? { host, repositories: change(one.repositories) } : one,
    );
    this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

type Answer<Item> = ListPage<Item> & { readonly problem?: string };

/** A first page replaces what was there; a problem keeps it, so that a network that fails takes nothing off the screen. */
function joined<Item>(before: Listing<Item>, page: Answer<Item>, asked: string | undefined): Listing<Item> {
  if (page.problem !== undefined) return { ...before, isRead: true, problem: page.problem };
  const items = asked === undefined ? page.items : [...before.items, ...page.items];
  return {
    items,
    isRead: true,
    ...(page.next === undefined ? {} : { next: page.next }),
    ...(page.note === undefined ? {} : { note: page.note }),
  };
}
