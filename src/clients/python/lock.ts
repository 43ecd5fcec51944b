import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { withoutCredentials } from '../../core/credentials';
import { exists, writeAtomic } from '../files/contentStore';
import { dayOptions, datedOptions, wheelOptions } from './oldPackages';
import { requirementsOfPylock } from './pylock';
import type { Uv } from './uv';

/** What a resolution is made from. Equal requests have equal locks. */
export interface LockRequest {
  /** The project's name, for messages. */
  readonly subject: string;
  readonly source:
    | {
        readonly kind: 'requirements';
        readonly lines: readonly string[];
        readonly asOf?: string;
        /** Take packages with compiled parts as wheels only. */
        readonly wheelsOnly?: boolean;
        /** Versions that must not be left, `numpy==2.1.3`; of packages that are not needed too. */
        readonly constraints?: readonly string[];
      }
    | { readonly kind: 'uv.lock'; readonly folder: string }
    | { readonly kind: 'pylock.toml'; readonly file: string };
  /** Requirements met while training that nobody had named. */
  readonly added: readonly string[];
  /** `3.11` */
  readonly python: string;
  /** Path of an interpreter of that version, which builds what has no wheel. */
  readonly interpreter: string;
  /** Working folder for relative paths in requirements. */
  readonly folder: string;
}

/** A resolution with hashes that installs the same versions on every platform. */
export interface Lock {
  readonly file: string;
  readonly digest: string;
  readonly text: string;
  /** Options of uv for what it builds from source: with the tools and libraries of the lock's day. */
  readonly building: readonly string[];
}

/** Versions by name of what a lock pins to one. Of several versions for different platforms the first counts. */
export function packagesIn(text: string): Readonly<Record<string, string>> {
  const pins = [...text.matchAll(/^([A-Za-z0-9][\w.-]*)==([^\s;\\]+)/gm)].map(([, name = '', version = '']) => [
    name,
    version,
  ]);
  return Object.fromEntries(pins.reverse()) as Readonly<Record<string, string>>;
}

/**
 * Resolves once; an equal request is answered from `folder`.
 * @throws UserError PackageUnknown, DependenciesUnsolvable, PackageBuildFailed, IndexUnreachable, RequirementInvalid, DiskFull
 */
export async function resolveLock(
  uv: Uv,
  locks: string,
  request: LockRequest,
  onProgress: (line: string) => void,
  signal: AbortSignal,
): Promise<Lock> {
  const options = await optionsOf(request, locks);
  const file = path.join(locks, `${await requestKey(uv, request, options)}.txt`);
  if (!(await exists(file))) {
    const lines = await resolve(uv, request, options, onProgress, signal);
    await writeAtomic(file, withoutCredentials(withoutComments(lines)));
  }
  const text = await readFile(file, 'utf8');
  const asOf = request.source.kind === 'requirements' ? request.source.asOf : undefined;
  const building = asOf === undefined ? [] : dayOptions(asOf, request.python);
  return { file, text, building, digest: `sha256:${createHash('sha256').update(text).digest('hex')}` };
}

/** Normalised by the packaging specification "Names and normalization". */
export function normalizeDistribution(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, '-');
}

async function resolve(
  uv: Uv,
  request: LockRequest,
  options: readonly string[],
  onProgress: (line: string) => void,
  signal: AbortSignal,
): Promise<string> {
  const { source } = request;
  switch (source.kind) {
    case 'requirements':
      return withConstraints(source.constraints, (constraints) =>
        compile(uv, request, [...source.lines, ...request.added], [...options, ...constraints], onProgress, signal),
      );
    case 'uv.lock': {
      const exported = await exportLock(uv, request, source.folder, onProgress, signal);
      return withAdded(uv, request, exported, onProgress, signal);
    }
    case 'pylock.toml': {
      // uv installs from such a file, and does not read one to solve.
      const exported = requirementsOfPylock(await readFile(source.file, 'utf8'));
      return withAdded(uv, request, exported, onProgress, signal);
    }
  }
}

async function withAdded(
  uv: Uv,
  request: LockRequest,
  exported: string,
  onProgress: (line: string) => void,
  signal: AbortSignal,
): Promise<string> {
  if (request.added.length === 0) return exported;
  return compile(uv, request, [...pinsOf(exported), ...request.added], [], onProgress, signal);
}

/** Lends the options that have uv read constraints: it takes them from a file. */
async function withConstraints<Result>(
  constraints: readonly string[] | undefined,
  use: (options: readonly string[]) => Promise<Result>,
): Promise<Result> {
  if (constraints === undefined) return use([]);
  const folder = await mkdtemp(path.join(tmpdir(), 'slipway-lock-'));
  try {
    const file = path.join(folder, 'constraints.txt');
    await writeFile(file, constraints.join('\n'));
    return await use(['--constraints', file]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** One resolution for every platform, with hashes, from the given Python on. */
function compileUniversal({ python, interpreter }: LockRequest): readonly string[] {
  const options = ['--universal', '--generate-hashes', '--no-header', '--python-version', python];
  return ['pip', 'compile', ...options, '--python', interpreter];
}

/** What the day and the wheels that are asked for mean to uv. */
async function optionsOf({ source, python }: LockRequest, locks: string): Promise<readonly string[]> {
  if (source.kind !== 'requirements') return [];
  return [
    ...(source.asOf === undefined ? [] : await datedOptions(source.asOf, python, locks)),
    ...(source.wheelsOnly === true ? wheelOptions() : []),
  ];
}

async function compile(
  uv: Uv,
  request: LockRequest,
  lines: readonly string[],
  options: readonly string[],
  onProgress: (line: string) => void,
  signal: AbortSignal,
): Promise<string> {
  if (lines.length === 0) return '';
  const args = [...compileUniversal(request), ...options, '-'];
  const result = await uv.run(
    args,
    { subject: request.subject, cwd: request.folder, input: `${lines.join('\n')}\n`, onProgress },
    signal,
  );
  return result.stdout;
}

async function exportLock(
  uv: Uv,
  request: LockRequest,
  folder: string,
  onProgress: (line: string) => void,
  signal: AbortSignal,
): Promise<string> {
  const args = [
    'export',
    '--frozen',
    '--no-dev',
    '--no-emit-project',
    '--no-header',
    '--format',
    'requirements-txt',
    '--python',
    request.python,
  ];
  return (await uv.run(args, { subject: request.subject, cwd: folder, onProgress }, signal)).stdout;
}

function pinsOf(lock: string): readonly string[] {
  return lock
    .split('\n')
    .filter((line) => /^[A-Za-z0-9]/.test(line))
    .map((line) => line.replace(/\s*\\$/, ''));
}

/** Comments name the file that a requirement came from, standard input here, and change between versions of uv. */
function withoutComments(text: string): string {
  return text
    .split('\n')
    .filter((line) => !line.trimStart().startsWith('#'))
    .join('\n');
}

async function requestKey(uv: Uv, request: LockRequest, options: readonly string[]): Promise<string> {
  const { source } = request;
  const content =
    source.kind === 'uv.lock'
      ? await readFile(path.join(source.folder, 'uv.lock'), 'utf8')
      : source.kind === 'pylock.toml'
        ? await readFile(source.file, 'utf8')
        : '';
  // Relative requirements such as `./wheels/x.whl` mean something in their folder only.
  const relative =
    source.kind === 'requirements' && source.lines.some((line) => /(^|[\s@])(\.{1,2}\/|file:)/.test(line))
      ? request.folder
      : '';
  const identity = {
    uv: uv.version,
    source: source.kind === 'requirements' ? source : { kind: source.kind, content },
    options,
    added: request.added,
    python: request.python,
    relative,
  };
  return createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 32);
}
