import { createHash, randomBytes } from 'node:crypto';
import { access, copyFile, link, mkdir, open, readFile, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../../core/errors';

const hashedBytes = 256 * 1024;

/** SHA-256 of a file's content, hexadecimal, read in pieces into memory no larger than the file. */
export async function hashFile(file: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    const buffer = Buffer.allocUnsafe(Math.min(size + 1, hashedBytes));
    for (;;) {
      signal.throwIfAborted();
      const { bytesRead } = await handle.read(buffer, 0, buffer.length);
      if (bytesRead === 0) return hash.digest('hex');
      hash.update(buffer.subarray(0, bytesRead));
    }
  } finally {
    await handle.close();
  }
}

export async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

/** The parsed JSON of a file; undefined when the file is absent or holds something else. */
export async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as unknown;
  } catch {
    return undefined;
  }
}

/**
 * Writes a file so that a reader sees the old content or the new, never a part.
 * @param mode who may read it; nobody else by default
 * @throws UserError DiskFull
 */
export async function writeAtomic(file: string, content: string | Uint8Array, mode = 0o600): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  const temporary = `${file}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    const handle = await open(temporary, 'w', mode);
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (cause) {
    await rm(temporary, { force: true });
    throw asDiskError(cause, file);
  }
}

/**
 * Fills a folder that appears under its name only when complete, so that two processes may make it at once
 * and an interrupted one leaves nothing that looks finished.
 */
export async function makeFolderOnce(folder: string, fill: (temporary: string) => Promise<void>): Promise<string> {
  if (await exists(folder)) return folder;
  const temporary = `${folder}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await mkdir(temporary, { recursive: true });
    await fill(temporary);
    await rename(temporary, folder);
  } catch (cause) {
    if (await exists(folder)) return folder;
    throw asDiskError(cause, folder);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  return folder;
}

/** Copies a file; where the file system allows, as a hard link, since bundles and artifacts never change. */
export async function linkOrCopy(from: string, to: string): Promise<void> {
  await mkdir(path.dirname(to), { recursive: true });
  await link(from, to).catch(() => copyFile(from, to));
}

/** Every file below a folder, relative, POSIX separators, sorted; links are not followed. */
export async function listFiles(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'))
    .sort();
}

/** What was read is not what was looked at before. @param doing completes "FILE changed while it was …" */
export function fileChanged(name: string, doing: string): UserError {
  return new UserError('FileChanged', `${name} changed while it was ${doing}.`, {
    remedy: { kind: 'hint', label: 'Build again when nothing writes to the project.' },
  });
}

/** Turns "no space left" into a {@link UserError}; anything else stays what it is. */
export function asDiskError(cause: unknown, file: string): unknown {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return cause;
  return new UserError(
    'DiskFull',
    `There is no space left on the disk that holds ${path.dirname(file)}. Nothing was deployed.`,
    {
      cause,
      remedy: { kind: 'runCommand', label: 'Free Space', command: 'slipway.freeSpace' },
    },
  );
}
