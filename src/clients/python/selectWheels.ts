import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parse } from 'smol-toml';
import { isUserError, UserError } from '../../core/errors';
import { readJson, writeAtomic } from '../files/contentStore';
import { normalizeDistribution } from './lock';
import type { Uv } from './uv';

/** The system that packages are chosen for. */
export interface PythonTarget {
  /** `3.11` */
  readonly minor: string;
  readonly architecture: string;
  /** Undefined for musl. */
  readonly glibc: readonly [number, number] | undefined;
}

/** A package for one system: a ready-made wheel, or where there is none its source. */
export interface Wheel {
  /** Normalised. */
  readonly distribution: string;
  readonly version: string;
  /** `numpy-2.4.6-cp311-cp311-….whl` */
  readonly name: string;
  /** `https:` or `file:` */
  readonly url: string;
  /** Hexadecimal. */
  readonly sha256: string;
  /** Bytes; undefined where the index does not tell. */
  readonly size: number | undefined;
  /** It is a source distribution, from which a wheel is to be built. */
  readonly isSource?: true;
}

export interface WheelRequest {
  /** Completes "the packages of …". */
  readonly subject: string;
  /** Requirements with exact versions and hashes, or with `constraints` any. */
  readonly requirements: string;
  /** Versions that must not be left: the text of a lock. */
  readonly constraints?: string;
  /** Whether what the requirements need is chosen too. */
  readonly dependencies: boolean;
  /** Whether the source of a package that has no wheel is chosen. */
  readonly sources?: boolean;
  readonly target: PythonTarget;
  /** An index beside the user's; of equal versions the one with a local part (`+cpu`) is taken. */
  readonly index?: string;
  /** Whether what uv has kept of the index's answers will do, as it does for exact versions. It asks where that is not enough. */
  readonly keptAnswers?: boolean;
}

/** glibc versions that uv has a platform for; an image with a newer one takes the wheels of the newest of these. */
const knownGlibc = [17, 28, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40];
const machines: Readonly<Record<string, string>> = { amd64: 'x86_64', arm64: 'aarch64' };

/**
 * Chooses the wheel of each requirement for a system that may be another than this one. Equal requests are answered
 * from `cache`, a folder.
 * @throws UserError WheelMissing, naming the package, and those of uv
 */
export async function selectWheels(
  uv: Uv,
  cache: string,
  request: WheelRequest,
  signal: AbortSignal,
): Promise<readonly Wheel[]> {
  if (request.requirements.trim() === '') return [];
  const file = path.join(cache, `${requestKey(uv, request)}.json`);
  const known = (await readJson(file)) as readonly Wheel[] | undefined;
  if (known !== undefined) return known;
  const wheels =
    (request.keptAnswers === true ? await resolveOffline(uv, request, signal) : undefined) ??
    (await resolve(uv, request, [], signal));
  await writeAtomic(file, JSON.stringify(wheels));
  return wheels;
}

/** Has uv keep what the index says of requirements, once a day, for a choice from them with `keptAnswers`. */
export async function askIndex(uv: Uv, cache: string, request: WheelRequest, signal: AbortSignal): Promise<void> {
  const file = path.join(cache, `${requestKey(uv, request)}.asked.json`);
  const today = new Date().toISOString().slice(0, 10);
  if ((await readJson(file)) === today) return;
  await resolve(uv, request, [], signal);
  await writeAtomic(file, JSON.stringify(today));
}

function requestKey(uv: Uv, request: WheelRequest): string {
  return createHash('sha256')
    .update(JSON.stringify([2, uv.version, { ...request, subject: '' }]))
    .digest('hex')
    .slice(0, 32);
}

/** The name that uv gives to the system. @throws UserError BaseTooOld */
export function uvPlatform({ architecture, glibc }: PythonTarget): string {
  const machine = machines[architecture] ?? architecture;
  if (glibc === undefined) return `${machine}-unknown-linux-musl`;
  const [major, minor] = glibc;
  const fitting = knownGlibc.filter((one) => major > 2 || one <= minor).at(-1);
  if (fitting !== undefined) return `${machine}-manylinux_2_${fitting}`;
  throw new UserError(
    'BaseTooOld',
    `The base image has glibc ${major}.${minor}; packages are made for 2.17 and newer.`,
    { remedy: { kind: 'hint', label: 'Choose a newer base image with --base.' } },
  );
}

async function resolveOffline(
  uv: Uv,
  request: WheelRequest,
  signal: AbortSignal,
): Promise<readonly Wheel[] | undefined> {
  return resolve(uv, request, ['--offline'], signal).catch((error: unknown) => {
    signal.throwIfAborted();
    if (isUserError(error)) return undefined;
    throw error;
  });
}

async function resolve(
  uv: Uv,
  request: WheelRequest,
  options: readonly string[],
  signal: AbortSignal,
): Promise<readonly Wheel[]> {
  const folder = await mkdtemp(path.join(tmpdir(), 'slipway-wheels-'));
  try {
    // uv knows the format by this name.
    const output = path.join(folder, 'pylock.toml');
    const constraints = path.join(folder, 'constraints.txt');
    if (request.constraints !== undefined) await writeFile(constraints, request.constraints);
    const args = [
      ...['pip', 'compile', '--no-header', '--format', 'pylock.toml', '-o', output],
      ...(request.sources === true ? [] : ['--only-binary', ':all:']),
      ...(request.dependencies ? [] : ['--no-deps']),
      ...(request.index === undefined ? [] : ['--index', request.index, '--index-strategy', 'unsafe-best-match']),
      ...(request.constraints === undefined ? [] : ['--constraints', constraints]),
      ...options,
      ...['--python', pythonFor(uv, request)],
      ...['--python-version', request.target.minor, '--python-platform', uvPlatform(request.target), '-'],
    ];
    const asked = { subject: request.subject, input: request.requirements, cwd: folder };
    await uv.run(args, asked, signal).catch((error: unknown) => {
      throw explain(request, error);
    });
    const packages = parseLock(await readFile(output, 'utf8'), folder);
    const allowed = hashesOf(request.requirements);
    return packages.map((one) => chosenWheel(request, one, allowed));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What reads a source distribution. Left to itself, uv starts what it finds on PATH to see what it is. */
function pythonFor({ interpreters }: Uv, { target }: WheelRequest): string {
  const found = interpreters.find(({ minor }) => minor === target.minor) ?? interpreters[0];
  return found?.path ?? target.minor;
}

interface LockedPackage {
  readonly distribution: string;
  readonly version: string;
  /** The wheel that fits, then the source. */
  readonly files: readonly Omit<Wheel, 'distribution' | 'version'>[];
}

/** @see https://packaging.python.org/en/latest/specifications/pylock-toml/ */
function parseLock(text: string, folder: string): readonly LockedPackage[] {
  const { packages = [] } = parse(text) as { readonly packages?: readonly RawPackage[] };
  return packages.map((one) => ({
    distribution: normalizeDistribution(one.name),
    version: one.version ?? '',
    files: [...(one.wheels ?? []), ...[one.archive, one.sdist].filter((file) => file !== undefined)].flatMap((file) => {
      const url = file.url ?? (file.path === undefined ? '' : pathToFileURL(path.resolve(folder, file.path)).href);
      const name = file.name ?? decodeURIComponent(new URL(url).pathname.split('/').at(-1) ?? '');
      const sha256 = file.hashes?.['sha256'];
      if (sha256 === undefined) return [];
      return [{ name, url, sha256, size: file.size, ...(name.endsWith('.whl') ? {} : { isSource: true as const }) }];
    }),
  }));
}

interface RawPackage {
  readonly name: string;
  readonly version?: string;
  readonly wheels?: readonly RawFile[];
  readonly archive?: RawFile;
  readonly sdist?: RawFile;
}

interface RawFile {
  readonly name?: string;
  readonly url?: string;
  readonly path?: string;
  readonly size?: number;
  readonly hashes?: Readonly<Record<string, string>>;
}

function chosenWheel(
  request: WheelRequest,
  found: LockedPackage,
  allowed: ReadonlyMap<string, ReadonlySet<string>>,
): Wheel {
  const { distribution, version } = found;
  const wheel = found.files.find(({ isSource }) => request.sources === true || isSource !== true);
  if (wheel === undefined) throw wheelMissing(request, `${distribution} ${version}`);
  const hashes = allowed.get(distribution);
  if (hashes !== undefined && !hashes.has(wheel.sha256)) {
    throw new UserError(
      'PackageHashMismatch',
      `The index offers ${wheel.name} with a hash that the lock does not name, so it is not put into the image.`,
      {
        remedy: {
          kind: 'hint',
          label: 'Make the lock again, or ask who runs your package index why the file changed.',
        },
      },
    );
  }
  return { distribution, version, ...wheel };
}

/** The SHA-256 hashes that a lock allows for each distribution. A requirement goes on in lines that are indented. */
function hashesOf(requirements: string): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>();
  for (const requirement of requirements.split(/\n(?=[A-Za-z0-9])/)) {
    const name = normalizeDistribution(/^[\w.-]+/.exec(requirement)?.[0] ?? '');
    const hashes = [...requirement.matchAll(/--hash=sha256:([0-9a-f]{64})/g)].map(([, hash = '']) => hash);
    // Markers may give a distribution several versions.
    if (hashes.length > 0) found.set(name, new Set([...(found.get(name) ?? []), ...hashes]));
  }
  return found;
}

function explain(request: WheelRequest, error: unknown): unknown {
  if (!isUserError(error) || !['DependenciesUnsolvable', 'PackageBuildFailed'].includes(error.code)) return error;
  const { uv } = error.details;
  const words = typeof uv === 'string' ? uv : error.message;
  const name = /(?<name>[\w.-]+?)(?:==| )(?<version>\d\S*) (?:has no (?:usable )?wheels|has no wheels)/.exec(
    words,
  )?.groups;
  return name === undefined ? error : wheelMissing(request, `${name['name'] ?? ''} ${name['version'] ?? ''}`, error);
}

/** @param found the package with its version */
export function wheelMissing(
  { target, subject }: Pick<WheelRequest, 'target' | 'subject'>,
  found: string,
  cause?: unknown,
): UserError {
  const libc = target.glibc === undefined ? 'musl' : `glibc ${target.glibc.join('.')}`;
  return new UserError(
    'WheelMissing',
    `The package ${found}, needed for ${subject}, has no ready-made wheel for Python ${target.minor} on ${target.architecture} with ${libc}.`,
    {
      cause,
      remedy: {
        kind: 'hint',
        label:
          'Choose another version of it or a base image with a newer Python or glibc, or let a Docker engine build: --builder docker.',
      },
    },
  );
}

/** The file of a wheel that lies on this machine already; undefined for one that must be fetched. */
export function localFile(wheel: Wheel): string | undefined {
  return wheel.url.startsWith('file:') ? fileURLToPath(wheel.url) : undefined;
}
