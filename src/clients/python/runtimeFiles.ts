import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { listFiles, makeFolderOnce } from '../files/contentStore';
import type { Home } from '../../core/home';

/** What reads, trains and serves models, as it ships with the extension. */
export interface RuntimeFiles {
  /** Start of the SHA-256 of names and contents. */
  readonly version: string;
  /** Relative, POSIX separators. */
  readonly contents: ReadonlyMap<string, Buffer>;
}

/** Reads `resources/runtime`. */
export async function readRuntime(resources: string): Promise<RuntimeFiles> {
  const source = path.join(resources, 'runtime');
  const names = (await listFiles(source)).filter((file) => isShipped(file));
  const contents = await Promise.all(
    names.map(async (name) => [name, await readFile(path.join(source, name))] as const),
  );
  const hash = createHash('sha256');
  for (const [name, content] of contents) hash.update(`${name}\0`).update(content);
  return { version: hash.digest('hex').slice(0, 16), contents: new Map(contents) };
}

/**
 * Copies the runtime into the home folder under its version and returns the copy, so that a model keeps the server that
 * it was verified with when the extension is updated or removed.
 */
export function placeRuntime(home: Home, { version, contents }: RuntimeFiles): Promise<string> {
  return makeFolderOnce(path.join(home.runtime, version), async (folder) => {
    for (const [name, content] of contents) {
      await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
      await writeFile(path.join(folder, name), content);
    }
  });
}

function isShipped(file: string): boolean {
  return file.endsWith('.py') || file.endsWith('.html') || file.endsWith('.json');
}
