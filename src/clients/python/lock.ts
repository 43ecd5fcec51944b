import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { withoutCredentials } from '../../core/credentials';
import { exists, writeAtomic } from '../files/contentStore';
import type { Uv } from './uv';

/** What a resolution is made from. Equal requests have equal locks. */
export interface LockRequest {
  /** The project's name, for messages. */
  readonly subject: string;
  readonly source:
    | { readonly kind: 'requirements'; readonly lines: readonly string[]; readonly asOf?: string }
    | { readonly kind: 'uv.lock'; readonly folder: string }
    | { readonly kind: 'pylock.toml'; readonly file: string };
  /** Requirements met while training that nobody had named. */
  readonly added: readonly string[];
  /** `3.11` */
  readonly python: string;
  /** Working folder for relative paths in requirements. */
  readonly folder: string;
}

/** A resolution with hashes that installs the same versions on every platform. */
export interface Lock {
  readonly file: string;
  readonly digest: string;
  readonly text: string;
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
  const file = path.join(locks, `${await requestKey(uv, request)}.txt`);
  if (!(await exists(file))) {
    await writeAtomic(file, withoutCredentials(withoutComments(await resolve(uv, request, onProgress, signal))));
  }
  const text = await readFile(file, 'utf8');
  return { file, text, digest: `sha256:${createHash('sha256').update(text).digest('hex')}` };
}

/** Normalised by the packaging specification "Names and normalization". */
export function normalizeDistribution(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, '-');
}

async function resolve(
  uv: Uv,
  request: LockRequest,
  onProgress: (line: string) => void,
  signal: AbortSignal,
): Promise<string> {
  const { source } = request;
  switch (source.kind) {
    case 'requirements':
      return compile(uv, request, [...source.lines, ...request.added], source.asOf, onProgress, signal);
    case 'uv.lock': {
      const exported = await exportLock(uv, request, source.folder, onProgress, signal);
      if (request.added.length === 0) return exported;
      return compile(uv, request, [...pinsOf(exported), ...request.added], undefined, onProgress, signal);
    }
    case 'pylock.toml': {
      const added = request.added.length === 0 ? [] : ['-'];
      const result = await uv.run(
        [...compileUniversal(request.python), source.file, ...added],
        { subject: request.subject, cwd: request.folder, input: request.added.join('\n'), onProgress },
        signal,
      );
      return result.stdout;
    }
  }
}

/** One resolution for every platform, with hashes, from the given Python on. */
function compileUniversal(python: string): readonly string[] {
  return ['pip', 'compile', '--universal', '--generate-hashes', '--no-header', '--python-version', python];
}

async function compile(
  uv: Uv,
  request: LockRequest,
  lines: readonly string[],
  asOf: string | undefined,
  onProgress: (line: string) => void,
  signal: AbortSignal,
): Promise<string> {
  if (lines.length === 0) return '';
  const date = asOf === undefined ? [] : ['--exclude-newer', asOf];
  const args = [...compileUniversal(request.python), ...date, '-'];
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

async function requestKey(uv: Uv, request: LockRequest): Promise<string> {
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
    added: request.added,
    python: request.python,
    relative,
  };
  return createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 32);
}
