import path from 'node:path';
import type { FoundEntry } from './readTar';

/** Modules of a base image's standard library that it holds as source only, by their paths below `folder`. */
export interface UncompiledLibrary {
  /** In the image, without a leading slash: `usr/local/lib/python3.11`. */
  readonly folder: string;
  readonly modules: ReadonlyMap<string, Buffer>;
}

/** Names of modules only: a name becomes that of a file on this machine. */
const module = /(?:^|\/)lib(?:64)?\/python3\.\d+\/(?:\w+\/)*[\w.-]+\.pyc?$/;
/** What servers do not import. */
const skipped = /\/(?:tests?|idlelib|lib2to3|turtledemo|tkinter|ensurepip)\//;
const largest = 1_000_000;

/**
 * Gathers the standard libraries that the layers of an image hold. Most images leave out its byte code, as it takes space:
 * then each start of a program compiles what it imports, where the file system is read-only every time.
 */
export class StandardLibraries {
  /** By path. */
  readonly #sources = new Map<string, Buffer>();
  readonly #compiled = new Set<string>();

  async take(entry: FoundEntry): Promise<void> {
    if (entry.type !== 'file' || !isWanted(entry.path)) return;
    if (entry.path.endsWith('.pyc')) this.#compiled.add(entry.path);
    else if (entry.size <= largest) this.#sources.set(entry.path, await whole(entry.content()));
  }

  remove(folder: string): void {
    for (const known of [this.#sources, this.#compiled]) removeBelow(known, folder);
  }

  /** @param python the interpreter's file, absolute, as `BaseFacts.python` @returns undefined where nearly all is compiled */
  uncompiledOf(python: string, minor: string): UncompiledLibrary | undefined {
    const prefix = path.posix.dirname(path.posix.dirname(python)).slice(1);
    const folders = ['lib', 'lib64'].map((name) => path.posix.join(prefix, name, `python${minor}`));
    const folder = folders.find((one) => this.#sources.has(`${one}/os.py`));
    if (folder === undefined) return undefined;
    const all = [...this.#sources].filter(([name]) => name.startsWith(`${folder}/`));
    const compiled = new Set([...this.#compiled].map(sourceOf));
    const missing = all.filter(([name]) => !compiled.has(name));
    if (missing.length * 10 < all.length) return undefined;
    return { folder, modules: new Map(missing.map(([name, source]) => [name.slice(folder.length + 1), source])) };
  }
}

/** Forgets a path and all below it. */
export function removeBelow(known: Map<string, unknown> | Set<string>, folder: string): void {
  for (const name of known.keys()) if (name === folder || name.startsWith(`${folder}/`)) known.delete(name);
}

function isWanted(file: string): boolean {
  return module.test(file) && !skipped.test(file) && !file.includes('..');
}

/** `a/__pycache__/b.cpython-311.pyc` is that of `a/b.py`. @see https://peps.python.org/pep-3147/ */
function sourceOf(compiled: string): string {
  const [name = ''] = path.posix.basename(compiled).split('.');
  return path.posix.join(path.posix.dirname(path.posix.dirname(compiled)), `${name}.py`);
}

async function whole(content: AsyncIterable<Buffer>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of content) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces);
}
