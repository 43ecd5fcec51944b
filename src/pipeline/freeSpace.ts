import { randomBytes } from 'node:crypto';
import { mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { waitForLock, withLock } from '../clients/files/lockFile';
import { freedBy, measureFolder, type FolderSize } from '../clients/files/measureFolder';
import { UserError } from '../core/errors';
import type { Home } from '../core/home';
import type { Reservation } from '../core/target';
import { controlAddress, listModels } from '../targets/local/modelFolder';
import { openTarget, type Services } from './services';
import { listSpace, trashFolder, type SpaceItem } from './spaceItems';

export interface Freed {
  /** Items that are gone. */
  readonly items: readonly SpaceItem[];
  readonly bytes: number;
}

export interface MeasuredItem {
  readonly item: SpaceItem;
  readonly size: FolderSize;
}

/** Measures items one after the other and yields each when it is known. */
export async function* measureSpace(items: readonly SpaceItem[], signal: AbortSignal): AsyncGenerator<MeasuredItem> {
  for (const item of items) yield { item, size: await measureFolder(item.folder, signal) };
}

/**
 * Deletes what nobody needs. All models are reserved meanwhile, and a deploy of a new one waits until it is over, so that
 * none can start to use what is going.
 * @param ids of items from `listSpace`; one that is gone already is passed over
 * @throws UserError SpaceInUse when a release came to need one of them: then nothing is deleted; DeployInProgress
 */
export async function freeSpace(services: Services, ids: readonly string[], signal: AbortSignal): Promise<Freed> {
  const { home } = services;
  const trash = path.join(trashFolder(home), randomBytes(6).toString('hex'));
  const freed = await withLock(
    lockFile(home),
    () => whileNothingDeploys(services, () => moveAway(home, ids, trash, signal), signal),
    signal,
  );
  await rm(trash, { recursive: true, force: true });
  await rm(trashFolder(home), { recursive: true, force: true });
  return freed;
}

/**
 * For a deploy that has reserved its model: either Free Space sees the reservation and gives up, or the deploy finds its
 * lock here and waits.
 */
export function freeSpaceIsOver(home: Home, signal: AbortSignal): Promise<void> {
  return waitForLock(lockFile(home), signal);
}

function lockFile(home: Home): string {
  return path.join(home.root, 'free-space.lock');
}

/** Renaming is quick and cannot stop half way, so what is still under its name is complete. Exported for tests. */
export async function moveAway(home: Home, ids: readonly string[], trash: string, signal: AbortSignal): Promise<Freed> {
  const items = (await listSpace(home, signal)).filter((one) => ids.includes(one.id));
  const used = items.find((one) => one.usedBy.length > 0);
  if (used !== undefined) {
    throw new UserError('SpaceInUse', `${used.id} is used by ${used.usedBy.join(', ')}, so nothing was deleted.`, {
      remedy: { kind: 'runCommand', label: 'Free Space', command: 'slipway.freeSpace' },
    });
  }
  const sizes: FolderSize[] = [];
  for await (const { size } of measureSpace(items, signal)) sizes.push(size);
  signal.throwIfAborted();
  await mkdir(trash, { recursive: true });
  for (const [index, one] of items.entries()) {
    if (one.kind !== 'trash') await discard(one.folder, path.join(trash, String(index)));
  }
  return { items, bytes: freedBy(sizes) };
}

/** A folder on another disk (a linked cache) cannot be renamed into the trash. */
async function discard(folder: string, to: string): Promise<void> {
  await rename(folder, to).catch(() => rm(folder, { recursive: true, force: true }));
}

/** Holds the models that somebody supervises; nobody can be deploying the others. */
async function whileNothingDeploys<T>(services: Services, body: () => Promise<T>, signal: AbortSignal): Promise<T> {
  const held: Reservation[] = [];
  try {
    const target = await openTarget(services, 'local');
    for (const name of await listModels(services.home)) {
      if ((await controlAddress(services.home, name)) !== undefined) held.push(await target.reserve(name, signal));
    }
    return await body();
  } finally {
    await Promise.all(held.map((one) => one.release()));
  }
}
