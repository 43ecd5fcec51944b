import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { listFiles, makeFolderOnce } from '../files/contentStore';
import type { Home } from '../../core/home';

/**
 * Copies `resources/runtime` into the home folder under its content hash and returns the copy, so that a model keeps
 * the server that it was verified with when the extension is updated or removed.
 */
export async function copyRuntime(home: Home, resources: string): Promise<string> {
  const source = path.join(resources, 'runtime');
  const files = (await listFiles(source)).filter((file) => isShipped(file));
  const contents = await Promise.all(files.map((file) => readFile(path.join(source, file))));
  const hash = createHash('sha256');
  files.forEach((file, index) => {
    hash.update(`${file}\0`).update(contents[index] ?? '');
  });
  return makeFolderOnce(path.join(home.runtime, hash.digest('hex').slice(0, 16)), async (folder) => {
    for (const file of files) {
      await mkdir(path.dirname(path.join(folder, file)), { recursive: true });
      await copyFile(path.join(source, file), path.join(folder, file));
    }
  });
}

function isShipped(file: string): boolean {
  return file.endsWith('.py') || file.endsWith('.html') || file.endsWith('.json');
}
