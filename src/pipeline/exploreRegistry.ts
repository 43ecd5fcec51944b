import path from 'node:path';
import { labels } from '../build/image/imageConfig';
import { listRepositories, listTags, readSummary, type ImageSummary } from '../clients/registry/browse';
import type { Registry } from '../clients/registry/connection';
import type { DocumentCache } from '../clients/registry/pull';
import { isUserError } from '../core/errors';
import type { ImageRepository, ImageTag, ListPage } from '../core/registry';
import { inParallel } from '../core/parallel';
import { Registries } from './imageBase';
import { pushedImages, type PushedImage } from './pushedImages';
import { releaseOrigins } from './releaseOrigin';
import type { Services } from './services';

const atOnce = 6;

/** Reads what registries hold of Slipway's images: page by page, and each image once. */
export class RegistryExplorer {
  readonly #services: Services;
  readonly #registries: Registries;
  readonly #documents = memory();

  /** @param insecure hosts that may be spoken to without encryption */
  constructor(services: Services, insecure: readonly string[]) {
    this.#services = services;
    this.#registries = new Registries(insecure, services.credentials);
  }

  /**
   * Repositories that were pushed to from this machine, then those of the registry's own list whose images say that they
   * are Slipway's. Without such a list the first ones are all, and the page says why.
   * @throws UserError RegistryUnreachable
   */
  async repositories(host: string, next: string | undefined, signal: AbortSignal): Promise<ListPage<ImageRepository>> {
    const known = repositoriesIn(await this.#pushes(host));
    const registry = this.#registries.get(host);
    const listed = await listRepositories(registry, next, signal).catch((error: unknown) => {
      if (!isUserError(error) || error.code === 'RegistryUnreachable') throw error;
      return { items: [], note: error.message };
    });
    const others = listed.items.filter((name) => !known.some((one) => one.name === name));
    const found = await inParallel(others, atOnce, (name, abort) => this.#ours(registry, name, abort), signal);
    const items = [...(next === undefined ? known : []), ...found.filter((one) => one !== undefined)];
    return { ...listed, items };
  }

  /** Tags with the images that they name, those that were pushed last first. @throws UserError of {@link listTags} */
  async tags(
    host: string,
    repository: string,
    next: string | undefined,
    signal: AbortSignal,
  ): Promise<ListPage<ImageTag>> {
    const registry = this.#registries.get(host);
    const listed = await listTags(registry, repository, next, signal);
    const pushes = (await this.#pushes(host)).filter((one) => one.repository === repository);
    const items = await inParallel(
      listed.items,
      atOnce,
      async (tag, abort) => this.#describe(tag, await this.#summary(registry, repository, tag, abort), pushes),
      signal,
    );
    const newestFirst = [...items].sort((left, right) => (right.pushedAt ?? '').localeCompare(left.pushedAt ?? ''));
    return { ...listed, items: newestFirst };
  }

  async #describe(tag: string, image: ImageSummary, pushes: readonly PushedImage[]): Promise<ImageTag> {
    const push = pushes.find((one) => one.digest === image.digest);
    const { [labels.model]: model, [labels.bundle]: bundle } = image.labels;
    const project = push?.project ?? (await this.#projectOf(model, bundle));
    return {
      tag,
      digest: image.digest,
      layers: image.layers,
      ...(model === undefined ? {} : { model }),
      ...(bundle === undefined ? {} : { bundle }),
      ...(push === undefined ? {} : { pushedAt: push.pushedAt }),
      ...(project === undefined ? {} : { project }),
    };
  }

  /** The project of a release of this machine that runs what an image holds. */
  async #projectOf(model: string | undefined, bundle: string | undefined): Promise<string | undefined> {
    if (model === undefined || bundle === undefined) return undefined;
    const origins = await releaseOrigins(this.#services.home, model);
    return origins.find((one) => `sha256:${path.basename(one.bundle)}` === bundle)?.project;
  }

  /** A repository whose first image is Slipway's; undefined for any other, and for one that nobody may read. */
  async #ours(registry: Registry, name: string, signal: AbortSignal): Promise<ImageRepository | undefined> {
    try {
      const [tag] = (await listTags(registry, name, undefined, signal)).items;
      if (tag === undefined) return undefined;
      const model = (await this.#summary(registry, name, tag, signal)).labels[labels.model];
      return model === undefined ? undefined : { name, model };
    } catch (error) {
      if (isUserError(error)) return undefined;
      throw error;
    }
  }

  #summary(registry: Registry, repository: string, tag: string, signal: AbortSignal): Promise<ImageSummary> {
    return readSummary(registry, { registry: registry.host, repository, tag }, this.#documents, signal);
  }

  async #pushes(host: string): Promise<readonly PushedImage[]> {
    return (await pushedImages(this.#services.home)).filter((one) => one.registry === host);
  }
}

function repositoriesIn(pushes: readonly PushedImage[]): readonly ImageRepository[] {
  const newest = new Map<string, ImageRepository>();
  for (const { repository: name, model, project } of pushes)
    if (!newest.has(name)) newest.set(name, { name, model, project });
  return [...newest.values()];
}

function memory(): DocumentCache {
  const documents = new Map<string, Buffer>();
  return {
    get: (digest) => Promise.resolve(documents.get(digest)),
    put: (digest, content) => {
      documents.set(digest, content);
      return Promise.resolve();
    },
  };
}
