import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { readJson, writeAtomic } from '../clients/files/contentStore';
import { shortHash, slug, type Home } from '../core/home';

/** An image that was pushed from this machine. The image itself holds neither time nor place, so they are kept here. */
export interface PushedImage {
  readonly registry: string;
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
  readonly model: string;
  /** The project's folder. Absolute. */
  readonly project: string;
  /** ISO 8601. */
  readonly pushedAt: string;
}

/**
 * Each push is a file of its own, so that windows and terminals never write the same one. Never rejects: the image is in
 * the registry, whatever this machine makes of it.
 */
export async function rememberPush(
  home: Home,
  pushed: Omit<PushedImage, 'pushedAt'>,
  now: Date = new Date(),
): Promise<void> {
  const entry: PushedImage = { ...pushed, pushedAt: now.toISOString() };
  await writeAtomic(fileOf(home, entry), JSON.stringify(entry, undefined, 2)).catch(() => undefined);
}

/** Every push that is remembered, newest first. */
export async function pushedImages(home: Home): Promise<readonly PushedImage[]> {
  const names = await readdir(home.pushed, { recursive: true }).catch(() => []);
  const files = names.filter((name) => name.endsWith('.json'));
  const found = await Promise.all(files.map((name) => readJson(path.join(home.pushed, name))));
  return found.filter(isPushed).sort((left, right) => right.pushedAt.localeCompare(left.pushedAt));
}

/** Forgets an image that no longer exists. */
export async function forgetPush(home: Home, image: Pick<PushedImage, Identity>): Promise<void> {
  await rm(fileOf(home, image), { force: true });
}

type Identity = 'registry' | 'repository' | 'digest';

function fileOf(home: Home, { registry, repository, digest }: Pick<PushedImage, Identity>): string {
  const name = `${registry}/${repository}`;
  return path.join(home.pushed, `${slug(name)}-${shortHash(name)}`, `${digest.replace(':', '-')}.json`);
}

const texts = ['registry', 'repository', 'tag', 'digest', 'model', 'project', 'pushedAt'];

function isPushed(value: unknown): value is PushedImage {
  if (typeof value !== 'object' || value === null) return false;
  return texts.every((name) => typeof (value as Readonly<Record<string, unknown>>)[name] === 'string');
}
