import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, mkdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileChanged, hashFile, linkOrCopy, listFiles, makeFolderOnce } from '../clients/files/contentStore';
import type { Bundle, BundleManifest } from '../core/bundle';
import { inParallel } from '../core/parallel';
import type { Home } from '../core/home';

export interface BundleContents {
  readonly manifest: BundleManifest;
  /** The project's folder and the files of it that travel, relative with POSIX separators. */
  readonly root: string;
  readonly files: readonly string[];
  /** Text of the lock. */
  readonly lock: string;
  /** Folder of the trained artifact, when the entry has one. */
  readonly artifact: string | undefined;
}

/** Waiting for the disk takes most of the time of a small file. */
const filesAtOnce = 8;

interface Part {
  readonly name: string;
  readonly source: string;
  readonly hash: string;
  /** How the file was when it was hashed. */
  readonly state: string;
  /** Artifacts never change, so they may be shared; the user goes on editing the project's files. */
  readonly shared: boolean;
}

/** Writes the content-addressed folder that a local target runs and a container target bakes. Equal contents, equal digest. @throws UserError FileChanged, DiskFull */
export async function writeBundle(home: Home, contents: BundleContents, signal: AbortSignal): Promise<Bundle> {
  const parts = [...(await projectParts(contents, signal)), ...(await artifactParts(contents, signal))];
  const manifest = `${JSON.stringify(contents.manifest, null, 2)}\n`;
  const hash = createHash('sha256');
  hash.update(JSON.stringify([manifest, contents.lock, ...parts.map((part) => [part.name, part.hash])]));
  const hex = hash.digest('hex');
  const folder = await makeFolderOnce(path.join(home.bundles, hex), async (temporary) => {
    const folders = new Set(parts.map((part) => path.dirname(path.join(temporary, part.name))));
    for (const one of folders) await mkdir(one, { recursive: true });
    await inParallel(parts, filesAtOnce, (part) => place(part, path.join(temporary, part.name)), signal);
    await mkdir(path.join(temporary, contents.manifest.workdir), { recursive: true });
    await writeFile(path.join(temporary, 'lock.txt'), contents.lock);
    await writeFile(path.join(temporary, 'bundle.json'), manifest);
  });
  return { folder, digest: `sha256:${hex}`, manifest: contents.manifest };
}

async function projectParts(contents: BundleContents, signal: AbortSignal): Promise<readonly Part[]> {
  return inParallel(
    contents.files,
    filesAtOnce,
    async (file) => {
      const source = path.join(contents.root, file);
      return { name: `project/${file}`, source, ...(await hashed(source, signal)), shared: false };
    },
    signal,
  );
}

async function artifactParts(contents: BundleContents, signal: AbortSignal): Promise<readonly Part[]> {
  const { artifact } = contents;
  if (artifact === undefined) return [];
  return inParallel(
    await listFiles(artifact),
    filesAtOnce,
    async (file) => {
      const source = path.join(artifact, file);
      return { name: `artifact/${file}`, source, ...(await hashed(source, signal)), shared: true };
    },
    signal,
  );
}

async function hashed(source: string, signal: AbortSignal): Promise<Pick<Part, 'hash' | 'state'>> {
  const state = await stateOf(source);
  return { hash: await hashFile(source, signal), state };
}

async function stateOf(file: string): Promise<string> {
  const { ino, size, mtimeNs } = await stat(file, { bigint: true });
  return [ino, size, mtimeNs].join();
}

async function place(part: Part, to: string): Promise<void> {
  if (part.shared) {
    await linkOrCopy(part.source, to);
    return;
  }
  await copyFile(part.source, to, constants.COPYFILE_FICLONE);
  if ((await stateOf(part.source)) !== part.state) throw fileChanged(part.name.replace(/^project\//, ''), 'packed');
}
