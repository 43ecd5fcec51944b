import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { parse } from 'smol-toml';
import type { Home } from '../../core/home';
import { readJson, writeAtomic } from '../files/contentStore';
import { isInstalled } from './environments';
import type { Interpreter } from './interpreters';
import { normalizeDistribution, type Lock } from './lock';
import type { Uv } from './uv';

/** What installing a lock takes, as far as that is known beforehand. */
export interface InstallNeed {
  readonly packages: number;
  /** Packages whose files are in the shared cache already. */
  readonly cached: number;
  /** Sum over the others whose size is known. */
  readonly bytes: number;
  /** Names of those whose size the index does not tell. */
  readonly unknown: readonly string[];
}

/** The one file of a package that fits an interpreter and this platform. */
interface PackageFile {
  readonly name: string;
  readonly version: string;
  readonly bytes: number | null;
}

/** A request for sizes must not hold a deploy up: the plan says that they are unknown instead. */
const sizesDeadlineMs = 5000;

/** Undefined when the lock is installed already, which costs one look at the disk. Nothing is downloaded to learn it. */
export async function installNeed(
  uv: Uv,
  home: Home,
  lock: Lock,
  interpreter: Interpreter,
  signal: AbortSignal,
): Promise<InstallNeed | undefined> {
  if (await isInstalled(home, lock, interpreter)) return undefined;
  const files = await packageFiles(uv, lock, interpreter, signal);
  const cached = await Promise.all(files.map((one) => isCached(home.wheels, one)));
  const missing = files.filter((_, index) => cached[index] === false);
  return {
    packages: files.length,
    cached: files.length - missing.length,
    bytes: missing.reduce((sum, one) => sum + (one.bytes ?? 0), 0),
    unknown: missing.filter((one) => one.bytes === null).map((one) => one.name),
  };
}

/** Kept beside the lock, since its packages never change. */
async function packageFiles(
  uv: Uv,
  lock: Lock,
  interpreter: Interpreter,
  signal: AbortSignal,
): Promise<readonly PackageFile[]> {
  if (lock.text.trim() === '') return [];
  const kept = lock.file.replace(/\.txt$/, `.py${interpreter.version}.sizes.json`);
  const known = await readJson(kept);
  if (Array.isArray(known)) return known as readonly PackageFile[];
  const found = await askForFiles(uv, lock, interpreter, signal);
  if (found === undefined) return namesIn(lock);
  await writeAtomic(kept, JSON.stringify(found));
  return found;
}

/** From what the solver has in its cache; where it read a ready-made lock instead, the index is asked as installing does. */
async function askForFiles(
  uv: Uv,
  lock: Lock,
  interpreter: Interpreter,
  signal: AbortSignal,
): Promise<readonly PackageFile[] | undefined> {
  const args = ['pip', 'compile', '--no-header', '--no-deps', '--format', 'pylock.toml', '--python', interpreter.path];
  for (const offline of [['--offline'], []]) {
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(sizesDeadlineMs)]);
    try {
      const { stdout } = await uv.run([...args, ...offline, lock.file], { subject: 'the sizes of packages' }, deadline);
      return parsePylock(stdout);
    } catch {
      signal.throwIfAborted();
    }
  }
  return undefined;
}

/** Exported for tests. The wheels of a lock for one platform are the one that fits; without a wheel the source counts. */
export function parsePylock(text: string): readonly PackageFile[] {
  const { packages } = parse(text) as { readonly packages?: readonly PylockPackage[] };
  return (packages ?? []).map(({ name, version, wheels, sdist, archive }) => ({
    name,
    version: version ?? '',
    bytes: (wheels?.[0] ?? sdist ?? archive)?.size ?? null,
  }));
}

interface PylockPackage {
  readonly name: string;
  readonly version?: string;
  readonly wheels?: readonly PylockFile[];
  readonly sdist?: PylockFile;
  readonly archive?: PylockFile;
}

interface PylockFile {
  readonly size?: number;
}

function namesIn(lock: Lock): readonly PackageFile[] {
  return lock.text.split('\n').flatMap((line) => {
    const found = /^(?<name>[A-Za-z0-9][\w.-]*)\s*==\s*(?<version>[^\s;\\]+)/.exec(line)?.groups;
    return found === undefined ? [] : [{ name: found['name'] ?? '', version: found['version'] ?? '', bytes: null }];
  });
}

/**
 * uv keeps an unpacked wheel as `wheels-vN/pypi/NAME/VERSION-TAGS`, one of another index below `index/DIGEST`. With another
 * layout nothing counts as cached, and the plan tells too much rather than too little.
 */
async function isCached(cache: string, { name, version }: PackageFile): Promise<boolean> {
  const distribution = normalizeDistribution(name);
  for (const bucket of (await list(cache)).filter((one) => one.startsWith('wheels-v'))) {
    const indexes = (await list(path.join(cache, bucket, 'index'))).map((one) => path.join('index', one));
    for (const index of ['pypi', ...indexes]) {
      const entries = await list(path.join(cache, bucket, index, distribution));
      if (entries.some((one) => one.startsWith(`${version}-`) && !/\.(?:msgpack|http|lock|rev)$/.test(one)))
        return true;
    }
  }
  return false;
}

function list(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch(() => []);
}
