import { UserError } from '../../core/errors';
import { formatPlatform, type Descriptor, type ImageReference, type Platform } from '../../core/image';
import { imagesIn, type HistoryEntry, type ImageConfig, type ImageIndex, type ImageManifest } from '../../core/oci';
import type { ImageLayer, ListPage } from '../../core/registry';
import type { Registry } from './connection';
import { pullScope, readBlob, readManifest, type DocumentCache } from './pull';

const pageSize = 50;

/** What an image says of itself. */
export interface ImageSummary {
  readonly digest: string;
  readonly layers: readonly ImageLayer[];
  readonly labels: Readonly<Record<string, string>>;
  /** What it runs on; nothing where it does not say. */
  readonly platforms: readonly Platform[];
}

/**
 * Names of repositories. Many registries allow this to nobody or to administrators only.
 * @param next of the page before
 * @throws UserError those of {@link Registry.send}
 */
export function listRepositories(
  registry: Registry,
  next: string | undefined,
  signal: AbortSignal,
): Promise<ListPage<string>> {
  const path = next ?? `/v2/_catalog?n=${pageSize}`;
  return readPage(registry, { path, scopes: ['registry:catalog:*'], what: 'list its repositories' }, signal);
}

/** Tags of a repository; none for one that does not exist. @throws UserError those of {@link Registry.send} */
export function listTags(
  registry: Registry,
  repository: string,
  next: string | undefined,
  signal: AbortSignal,
): Promise<ListPage<string>> {
  const path = next ?? `/v2/${repository}/tags/list?n=${pageSize}`;
  return readPage(registry, { path, scopes: [pullScope(repository)], what: `list the tags of ${repository}` }, signal);
}

/** Layers and labels of an image; of an index those of the images in it. @throws UserError of {@link readManifest} */
export async function readSummary(
  registry: Registry,
  reference: ImageReference,
  documents: DocumentCache,
  signal: AbortSignal,
): Promise<ImageSummary> {
  const { text, digest } = await readManifest(registry, reference, documents, signal);
  const manifest = JSON.parse(text) as Partial<ImageManifest & ImageIndex>;
  if (manifest.manifests !== undefined) {
    const images = imagesIn({ manifests: manifest.manifests });
    const read = (image: Descriptor): Promise<ImageSummary> =>
      readSummary(registry, { ...reference, digest: image.digest }, documents, signal);
    return { ...together(await Promise.all(images.map(read))), digest };
  }
  if (manifest.config === undefined || manifest.layers === undefined)
    return { digest, layers: [], labels: {}, platforms: [] };
  const content = await readBlob(registry, reference, manifest.config, documents, signal);
  const config = JSON.parse(content.toString('utf8')) as Partial<ImageConfig>;
  const layers = titled(manifest.layers, config.history);
  return { digest, layers, labels: config.config?.Labels ?? {}, platforms: platformsIn(config) };
}

/** A layer that several images share is one, of no platform. */
function together(images: readonly ImageSummary[]): Omit<ImageSummary, 'digest'> {
  const layers = new Map<string, ImageLayer>();
  for (const image of images) {
    const platform = image.platforms.map(formatPlatform).join(', ');
    for (const layer of image.layers)
      layers.set(layer.digest, layers.has(layer.digest) ? layer : { ...layer, platform });
  }
  const platforms = images.flatMap((image) => image.platforms);
  return { layers: [...layers.values()], labels: images[0]?.labels ?? {}, platforms };
}

/** A base without a history leaves its layers unexplained; those that were put on it come last. */
function titled(layers: readonly Descriptor[], history: readonly HistoryEntry[] = []): readonly ImageLayer[] {
  const steps = history.filter((one) => one.empty_layer !== true);
  const unexplained = layers.length - steps.length;
  return layers.map(({ digest, size }, index) => {
    const title = unexplained < 0 ? undefined : steps[index - unexplained]?.created_by;
    return { digest, bytes: size, ...(title === undefined ? {} : { title }) };
  });
}

function platformsIn({ os, architecture }: Partial<ImageConfig>): readonly Platform[] {
  return os === undefined || architecture === undefined ? [] : [{ os, architecture }];
}

/**
 * Deletes a tag alone, or an image with all of its tags when a digest is given.
 * @returns false when the registry does not delete that way
 * @throws UserError those of {@link Registry.send}
 */
export async function deleteManifest(
  registry: Registry,
  repository: string,
  tagOrDigest: string,
  signal: AbortSignal,
): Promise<boolean> {
  const answer = await registry.read(
    {
      method: 'DELETE',
      path: `/v2/${repository}/manifests/${tagOrDigest}`,
      scopes: [`repository:${repository}:pull,delete`],
      what: `delete ${tagOrDigest} from ${repository}`,
      // 400 or 404 is what registries say that know no deletion of a tag, 405 or 501 when all deleting is switched off.
      expect: [200, 202, 204, 400, 404, 405, 501],
      once: true,
    },
    signal,
  );
  return answer.status < 300;
}

interface ListRequest {
  readonly path: string;
  readonly scopes: readonly string[];
  readonly what: string;
}

async function readPage(registry: Registry, request: ListRequest, signal: AbortSignal): Promise<ListPage<string>> {
  const [path = '', start = '0'] = request.path.split('#');
  const answer = await registry.read({ method: 'GET', ...request, path, expect: [200, 404], once: true }, signal);
  if (answer.status === 404) return { items: [] };
  const names = namesIn(registry, request, answer.body.toString('utf8'));
  const next = nextOf(answer.headers['link']);
  return next === undefined ? cut(names, path, Number(start)) : { items: names, next };
}

/** Older registries send all names at once, in any order: the page that is wanted is cut out, and told after a `#`. */
function cut(names: readonly string[], path: string, start: number): ListPage<string> {
  const end = start + pageSize;
  const items = [...names].sort().slice(start, end);
  return names.length > end ? { items, next: `${path}#${String(end)}` } : { items };
}

function namesIn({ host }: Registry, { what }: ListRequest, text: string): readonly string[] {
  try {
    const { repositories, tags } = JSON.parse(text) as {
      readonly repositories?: readonly string[] | null;
      readonly tags?: readonly string[] | null;
    };
    return repositories ?? tags ?? [];
  } catch (cause) {
    throw new UserError('RegistryFailed', `${host} sent no list when it was asked to ${what}.`, {
      cause,
      remedy: { kind: 'hint', label: 'Check that the address is that of a registry.' },
    });
  }
}

/** @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-tags */
function nextOf(link: string | string[] | undefined): string | undefined {
  const header = Array.isArray(link) ? link.join(', ') : link;
  return /<(?<address>[^>]+)>\s*;\s*rel="?next"?/.exec(header ?? '')?.groups?.['address'];
}
