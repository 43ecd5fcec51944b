import { copyFile, chmod, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { asDiskError, exists } from '../../clients/files/contentStore';
import { outputExists } from '../image/writeArchive';
import type { ContextFile } from './context';

/**
 * Writes a build context into a new folder, which appears when it is complete. Its files are readable to all, since
 * Docker copies their rights into the image.
 * @throws UserError OutputExists, DiskFull
 */
export async function writeContext(folder: string, files: readonly ContextFile[], signal: AbortSignal): Promise<void> {
  if ((await exists(folder)) && (await readdir(folder)).length > 0) throw outputExists(folder);
  const temporary = `${folder}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    for (const file of files) {
      signal.throwIfAborted();
      await write(path.join(temporary, file.path), file);
    }
    await rename(temporary, folder);
  } catch (cause) {
    throw asDiskError(cause, folder);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function write(to: string, file: ContextFile): Promise<void> {
  await mkdir(path.dirname(to), { recursive: true });
  if (file.kind === 'content') await writeFile(to, file.content);
  else await copyFile(file.file, to);
  await chmod(to, file.kind === 'source' && file.executable ? 0o755 : 0o644);
}
