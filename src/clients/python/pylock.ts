import { parse, TomlError } from 'smol-toml';
import { UserError } from '../../core/errors';
import { withoutCredentials } from '../../core/credentials';
import type { Interpreter } from './interpreters';
import { withoutGroups } from './markers';
import type { Uv } from './uv';

/** The parts of a lock file that say what is installed. @see https://packaging.python.org/en/latest/specifications/pylock-toml/ */
interface Pylock {
  readonly 'default-groups'?: readonly string[];
  readonly packages?: readonly PylockPackage[];
}

interface PylockPackage {
  readonly name: string;
  readonly version?: string;
  readonly marker?: string;
  readonly vcs?: PylockSource & { readonly type: string; readonly 'commit-id': string };
  readonly directory?: { readonly path: string };
  readonly archive?: PylockSource & PylockFile;
  readonly sdist?: PylockFile;
  readonly wheels?: readonly PylockFile[];
}

interface PylockSource {
  readonly url?: string;
  readonly subdirectory?: string;
}

interface PylockFile {
  readonly hashes?: Readonly<Record<string, string>>;
}

/**
 * A `pylock.toml` as uv's own requirements with hashes: what it installs without extras, on all of its systems.
 * @throws UserError DependencyFileInvalid, PackageFromFolder
 */
export function requirementsOfPylock(text: string): string {
  try {
    const { packages = [], 'default-groups': groups = [] } = parse(text) as Pylock;
    return packages.flatMap((one) => linesOf(one, groups)).join('');
  } catch (cause) {
    if (!(cause instanceof SyntaxError || cause instanceof TypeError || cause instanceof TomlError)) throw cause;
    throw new UserError('DependencyFileInvalid', `pylock.toml cannot be read: ${cause.message}.`, {
      cause,
      remedy: { kind: 'hint', label: 'Have the tool that wrote it write it again.' },
    });
  }
}

/** The file of a lock as a `pylock.toml`, with the addresses of all packages: the other way round. @throws UserError those of uv */
export async function pylockOf(
  uv: Uv,
  file: string,
  { minor, path: python }: Interpreter,
  signal: AbortSignal,
): Promise<string> {
  const options = ['--universal', '--no-deps', '--no-header', '--format', 'pylock.toml'];
  const args = ['pip', 'compile', ...options, '--python-version', minor, '--python', python, file];
  const { stdout } = await uv.run(args, { subject: 'the lock' }, signal);
  // The file's own `requires-python` has no upper bound: the next reader would take any later Python.
  return `${withoutCredentials(stdout)}\n[tool.slipway]\npython = "${minor}"\n`;
}

function linesOf(one: PylockPackage, groups: readonly string[]): readonly string[] {
  const marker = one.marker === undefined ? undefined : withoutGroups(one.marker, groups);
  // The project itself.
  if (marker === null || one.directory?.path === '.') return [];
  const condition = marker === undefined ? '' : ` ; ${marker}`;
  const requirement = `${sourceOf(one)}${condition}`;
  const hashes = hashesOf(one);
  // A further line could be an option of uv.
  if (!/^[A-Za-z0-9][\x20-\x7e]*$/.test(requirement) || !hashes.every((hash) => /^sha256:[0-9a-f]{64}$/.test(hash)))
    throw new SyntaxError(`the package ${JSON.stringify(one.name)} is none`);
  return [`${requirement}${hashes.map((hash) => ` \\\n    --hash=${hash}`).join('')}\n`];
}

function sourceOf({ name, version, vcs, directory, archive }: PylockPackage): string {
  if (directory !== undefined) throw fromFolder(name, directory.path);
  if (vcs !== undefined) return `${name} @ ${vcs.type}+${addressOf(name, vcs, `@${vcs['commit-id']}`)}`;
  if (archive !== undefined) return `${name} @ ${addressOf(name, archive, '')}`;
  return version === undefined ? name : `${name}==${version}`;
}

function addressOf(name: string, { url, subdirectory }: PylockSource, revision: string): string {
  if (url === undefined) throw fromFolder(name, 'this machine');
  return `${url}${revision}${subdirectory === undefined ? '' : `#subdirectory=${subdirectory}`}`;
}

function hashesOf({ wheels = [], sdist, archive }: PylockPackage): readonly string[] {
  const files = [...wheels, sdist, archive].filter((file) => file !== undefined);
  const hashes = files.flatMap(({ hashes: of = {} }) => (of['sha256'] === undefined ? [] : [`sha256:${of['sha256']}`]));
  return [...new Set(hashes)].sort();
}

function fromFolder(name: string, folder: string): UserError {
  return new UserError(
    'PackageFromFolder',
    `pylock.toml takes ${name} from a folder, ${folder}: nowhere else can it be installed.`,
    { remedy: { kind: 'hint', label: 'Put the module into the project, or lock a package of an index.' } },
  );
}
