import { createHash } from 'node:crypto';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { pipeline, Readable } from 'node:stream';
import path from 'node:path';
import { UserError } from '../../core/errors';
import type { Descriptor } from '../../core/image';
import type { ImageConfig } from '../../core/oci';
import { readTar, type FoundEntry } from './readTar';
import { removeBelow, StandardLibraries } from './standardLibrary';

/** What a base image offers to an environment that is put on it. */
export interface BaseFacts {
  /** The interpreter's file, absolute, links resolved: `/usr/bin/python3.11`. */
  readonly python: string;
  /** `3.11` */
  readonly minor: string;
  readonly libc: Libc;
  /** What of its standard library is there as source only; undefined where nearly all of it is compiled. */
  readonly library?: LibraryFiles;
}

/** Files below a folder of the image, without a leading slash. */
export interface LibraryFiles {
  readonly folder: string;
  readonly files: readonly string[];
}

/** What was found in a base image; the sources of its `library` go with it. */
export interface ProbedBase {
  readonly facts: BaseFacts;
  readonly modules: ReadonlyMap<string, Buffer>;
}

/** The C library decides which wheels run. */
export type Libc = { readonly kind: 'glibc'; readonly version: readonly [number, number] } | { readonly kind: 'musl' };

/** Opens a layer's blob from its start. */
export type OpenLayer = (layer: Descriptor, signal: AbortSignal) => Promise<AsyncIterable<Uint8Array>>;

const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const pythonName = /(?:^|\/)bin\/python(?:3(?:\.\d+)?)?$/;
const folderLinks = ['bin', 'lib', 'lib64', 'sbin'];

/**
 * Reads what a base image holds, from its layers and its configuration. Nothing of it is unpacked or run.
 * @param name for messages
 * @throws UserError BasePythonMissing, BaseLibcUnknown, ImageDamaged
 */
export async function probeBase(
  name: string,
  config: ImageConfig,
  layers: readonly Descriptor[],
  openLayer: OpenLayer,
  signal: AbortSignal,
): Promise<ProbedBase> {
  const tree = new Tree();
  for (const layer of layers) {
    const blob = new Verified(name, layer, await openLayer(layer, signal));
    try {
      for await (const entry of readTar(decompressed(layer, blob))) await tree.take(entry);
      await blob.finish();
    } finally {
      await blob.close();
    }
  }
  const python = findPython(tree, config);
  const minor = python === undefined ? undefined : /python(?<minor>3\.\d+)$/.exec(python)?.groups?.['minor'];
  if (python === undefined || minor === undefined) throw pythonMissing(name);
  const libc = tree.libc;
  if (libc === undefined) throw libcUnknown(name);
  const library = tree.libraries.uncompiledOf(python, minor);
  if (library === undefined) return { facts: { python, minor, libc }, modules: new Map() };
  const { folder, modules } = library;
  return { facts: { python, minor, libc, library: { folder, files: [...modules.keys()].sort() } }, modules };
}

/** The files that matter, as the layers leave them: later ones replace and delete those of earlier ones. */
class Tree {
  libc: Libc | undefined;
  readonly libraries = new StandardLibraries();
  /** Target of a link, undefined for a file. */
  readonly #pythons = new Map<string, string | undefined>();
  readonly #links = new Map<string, string>();

  async take(entry: FoundEntry): Promise<void> {
    const base = path.posix.basename(entry.path);
    if (base.startsWith('.wh.')) this.#remove(path.posix.join(path.posix.dirname(entry.path), base.slice(4)));
    else if (folderLinks.includes(entry.path) && entry.type === 'link') this.#links.set(entry.path, entry.target);
    else if (pythonName.test(entry.path)) this.#takePython(entry);
    else if (/\.pyc?$/.test(base)) await this.libraries.take(entry);
    else await this.#takeLibc(base, entry);
  }

  /** The file that a path stands for, after at most 16 links. */
  resolve(file: string): string | undefined {
    let current = this.#real(file);
    for (let steps = 0; steps < 16; steps++) {
      if (!this.#pythons.has(current)) return undefined;
      const target = this.#pythons.get(current);
      if (target === undefined) return current;
      current = this.#real(path.posix.join('/', path.posix.dirname(current), target).slice(1));
      if (target.startsWith('/')) current = this.#real(target.slice(1));
    }
    return undefined;
  }

  #takePython(entry: FoundEntry): void {
    if (entry.type === 'link') this.#pythons.set(entry.path, entry.target);
    else if (entry.type === 'hardLink') this.#pythons.set(entry.path, `/${entry.target.replace(/^\.?\//, '')}`);
    else if (entry.type === 'file') this.#pythons.set(entry.path, undefined);
  }

  async #takeLibc(base: string, entry: FoundEntry): Promise<void> {
    if (/^ld-musl-.+\.so\.1$/.test(base)) this.libc ??= { kind: 'musl' };
    const named = /^libc-(?<major>\d+)\.(?<minor>\d+)\.so$/.exec(base)?.groups;
    if (named !== undefined) this.libc = { kind: 'glibc', version: [Number(named['major']), Number(named['minor'])] };
    if (base !== 'libc.so.6' || entry.type !== 'file') return;
    const version = await glibcVersion(entry.content());
    if (version !== undefined) this.libc = { kind: 'glibc', version };
  }

  /** `bin` is `usr/bin` on systems that merged them. */
  #real(file: string): string {
    const [first = '', ...rest] = file.split('/');
    const target = this.#links.get(first);
    return target === undefined ? file : [target.replace(/^\.?\//, ''), ...rest].join('/');
  }

  /** A deleted file or folder; `.wh..wh..opq` empties the folder that it stands in. */
  #remove(file: string): void {
    const folder = path.posix.basename(file) === '.wh..opq' ? path.posix.dirname(file) : file;
    removeBelow(this.#pythons, folder);
    this.libraries.remove(folder);
  }
}

/** As a shell finds it: the first folder of PATH that has one. */
function findPython(tree: Tree, config: ImageConfig): string | undefined {
  const search = config.config?.Env?.find((one) => one.startsWith('PATH='))?.slice('PATH='.length) ?? defaultPath;
  for (const folder of search.split(':')) {
    for (const name of ['python3', 'python']) {
      const found = tree.resolve(path.posix.join(folder, name).replace(/^\//, ''));
      if (found !== undefined) return `/${found}`;
    }
  }
  return undefined;
}

/** The library says its version when it is run; the text stands in it. */
async function glibcVersion(content: AsyncIterable<Buffer>): Promise<readonly [number, number] | undefined> {
  let rest = '';
  let version: readonly [number, number] | undefined;
  for await (const piece of content) {
    const text = rest + piece.toString('latin1');
    const found = /GNU C Library [^\n]{0,200}?version (?<major>\d+)\.(?<minor>\d+)/.exec(text)?.groups;
    if (found !== undefined) version = [Number(found['major']), Number(found['minor'])];
    rest = text.slice(-300);
  }
  return version;
}

function decompressed(layer: Descriptor, blob: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  if (!/gzip|zstd/.test(layer.mediaType)) return blob;
  const unpack = layer.mediaType.includes('zstd') ? createZstdDecompress() : createGunzip();
  // A failure of either side reaches the reader as an error of the stream.
  return pipeline(Readable.from(blob, { objectMode: false }), unpack, () => undefined);
}

/** Passes a blob on and checks, at its end, that it is what its digest says. A reader that leaves early does not close it. */
class Verified implements AsyncIterable<Uint8Array> {
  readonly #name: string;
  readonly #digest: string;
  readonly #source: AsyncIterator<Uint8Array>;
  readonly #hash = createHash('sha256');

  constructor(name: string, layer: Descriptor, blob: AsyncIterable<Uint8Array>) {
    this.#name = name;
    this.#digest = layer.digest;
    this.#source = blob[Symbol.asyncIterator]();
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return { next: () => this.#next() };
  }

  /** Reads what follows the end of the archive. */
  async finish(): Promise<void> {
    while ((await this.#next()).done !== true);
  }

  async close(): Promise<void> {
    await this.#source.return?.();
  }

  async #next(): Promise<IteratorResult<Uint8Array>> {
    const result = await this.#source.next();
    if (result.done !== true) this.#hash.update(result.value);
    else if (`sha256:${this.#hash.copy().digest('hex')}` !== this.#digest) throw damaged(this.#name);
    return result;
  }
}

function damaged(name: string): UserError {
  return new UserError('ImageDamaged', `A layer of the base image ${name} is not what its digest says.`, {
    remedy: { kind: 'hint', label: 'Push the base image again, or choose another one with --base.' },
  });
}

function pythonMissing(name: string): UserError {
  return new UserError('BasePythonMissing', `The base image ${name} has no Python 3 on its PATH.`, {
    remedy: { kind: 'hint', label: 'Choose a base image that has one, for example python:3.11-slim.' },
  });
}

function libcUnknown(name: string): UserError {
  return new UserError(
    'BaseLibcUnknown',
    `The base image ${name} has neither glibc nor musl, so no ready-made package is known to run on it.`,
    { remedy: { kind: 'hint', label: 'Choose a base image of a Linux distribution, for example python:3.11-slim.' } },
  );
}
