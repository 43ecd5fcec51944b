import type { ImageLayer, ImageRepository, ImageTag } from '../core/registry';
import { escapeMarkdown, formatBytes, formatTime, shortDigest } from './format';
import { leaf, type Translate, type TreeNode } from './node';

/** A list that is read when somebody looks, page by page. */
export interface Listing<Item> {
  readonly items: readonly Item[];
  readonly isRead: boolean;
  readonly next?: string;
  /** Why the list may be incomplete. */
  readonly note?: string;
  /** Why it could not be read. */
  readonly problem?: string;
}

export interface RepositoryState extends ImageRepository {
  readonly tags: Listing<ImageTag>;
}

export interface RegistryState {
  readonly host: string;
  readonly repositories: Listing<RepositoryState>;
}

export const unread = { items: [], isRead: false } as const;

export function repositoryNodeId(host: string, repository: string): string {
  return `${host}/${repository}`;
}

/** The Registries view: registry, its repositories, their tags, the layers of each image. */
export function registryTree(registries: readonly RegistryState[], t: Translate): readonly TreeNode[] {
  return registries.map(({ host, repositories }) => {
    const description = countText(repositories, t);
    return leaf(host, 'registry', host, {
      ...(description === undefined ? {} : { description }),
      tooltip: escapeMarkdown(host),
      icon: { id: 'server' },
      state: 'collapsed',
      accessibleLabel: spoken(t('Registry {0}', host), description),
      image: { registry: host },
      children: [
        ...repositories.items.map((repository) => repositoryNode(host, repository, t)),
        ...endOf(host, repositories, t('No images of Slipway'), t),
      ],
    });
  });
}

function countText({ isRead, items, next }: Listing<unknown>, t: Translate): string | undefined {
  if (!isRead) return undefined;
  if (next !== undefined) return t('{0} or more', items.length);
  return items.length === 1 ? t('1 repository') : t('{0} repositories', items.length);
}

function repositoryNode(host: string, repository: RepositoryState, t: Translate): TreeNode {
  const { name, model, project, tags } = repository;
  const id = repositoryNodeId(host, name);
  return leaf(id, project === undefined ? 'repository' : 'repository project', name, {
    ...(model === undefined ? {} : { description: model }),
    tooltip: escapeMarkdown(project === undefined ? id : `${id}\n${project}`),
    icon: { id: 'repo' },
    state: 'collapsed',
    accessibleLabel: spoken(t('Repository {0}', name), model),
    image: { registry: host, repository: name, ...(project === undefined ? {} : { project }) },
    children: [...tags.items.map((tag) => tagNode(host, name, tag, t)), ...endOf(id, tags, t('No tags'), t)],
  });
}

function tagNode(host: string, repository: string, image: ImageTag, t: Translate): TreeNode {
  const { tag, digest, bundle, layers, project, pushedAt } = image;
  const id = `${host}/${repository}:${tag}`;
  const bytes = layers.reduce((sum, layer) => sum + layer.bytes, 0);
  const parts = [
    shortDigest(digest),
    layers.length === 0 ? undefined : formatBytes(bytes),
    pushedAt === undefined ? undefined : formatTime(pushedAt),
  ];
  const description = parts.filter((part) => part !== undefined).join(' · ');
  const facts = [
    id,
    digest,
    image.model === undefined ? undefined : t('Model: {0}', image.model),
    project === undefined ? undefined : t('Project: {0}', project),
  ];
  return leaf(id, project === undefined ? 'imageTag' : 'imageTag project', tag, {
    description,
    tooltip: escapeMarkdown(facts.filter((fact) => fact !== undefined).join('\n')),
    icon: { id: 'tag' },
    state: layers.length === 0 ? 'leaf' : 'collapsed',
    accessibleLabel: spoken(t('Tag {0}', tag), description),
    image: {
      ...{ registry: host, repository, tag, digest },
      ...(bundle === undefined ? {} : { bundle }),
      ...(project === undefined ? {} : { project }),
    },
    children: layers.map((layer, index) => layerNode(id, layer, index, t)),
  });
}

/** Two layers of one image may be the same, so their places tell them apart. */
function layerNode(id: string, { digest, bytes, title, platform }: ImageLayer, index: number, t: Translate): TreeNode {
  const label = title === undefined ? shortDigest(digest) : shortTitle(title);
  const parts = [platform, formatBytes(bytes), title === undefined ? undefined : shortDigest(digest)];
  const description = parts.filter((part) => part !== undefined).join(' · ');
  return leaf(`${id}/${index}/${digest}`, 'layer', label, {
    description,
    tooltip: escapeMarkdown([...(title === undefined ? [] : [title]), digest].join('\n')),
    icon: { id: 'layers' },
    accessibleLabel: spoken(t('Layer {0}', label), description),
    image: { digest },
  });
}

/** What Slipway says of its layers is short; other builders write the whole command. */
function shortTitle(title: string): string {
  const [line = ''] = title.replace(/^slipway: /, '').split('\n', 1);
  return line.length > 80 ? `${line.slice(0, 79)}…` : line;
}

/** What stands below the items of a list: that it is empty, incomplete, broken, or goes on. */
function endOf(id: string, list: Listing<unknown>, nothing: string, t: Translate): readonly TreeNode[] {
  const { items, isRead, next, note, problem } = list;
  const warning = { id: 'warning', color: 'list.warningForeground' };
  return [
    ...(problem === undefined
      ? []
      : [leaf(`${id}!problem`, 'broken', problem, { icon: warning, tooltip: escapeMarkdown(problem) })]),
    ...(isRead && items.length === 0 && problem === undefined
      ? [leaf(`${id}!nothing`, 'note', nothing, { icon: { id: 'info' } })]
      : []),
    ...(note === undefined
      ? []
      : [
          leaf(`${id}!note`, 'note', t('Other repositories are not listed'), {
            icon: { id: 'info' },
            tooltip: escapeMarkdown(note),
          }),
        ]),
    ...(next === undefined ? [] : [leaf(`${id}!next`, 'next', t('Load more'), { icon: { id: 'ellipsis' } })]),
  ];
}

function spoken(label: string, description: string | undefined): string {
  return description === undefined ? label : `${label}, ${description}`;
}
