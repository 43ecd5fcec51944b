import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parse, TomlError } from 'smol-toml';
import { UserError } from '../../core/errors';
import type { Finding, Requirement } from '../../core/project';
import { isRecord } from '../readNotebook';
import { printable, type Declared } from './requirement';

export type Table = Readonly<Record<string, unknown>>;

/** Parses a TOML file. @throws UserError DependencyFileInvalid with the line */
export async function readToml(root: string, file: string, signal: AbortSignal): Promise<Table> {
  const full = path.join(root, file);
  try {
    return parse(await readFile(full, { encoding: 'utf8', signal }));
  } catch (cause) {
    signal.throwIfAborted();
    const line = cause instanceof TomlError ? cause.line : undefined;
    throw invalid(
      full,
      line,
      cause instanceof TomlError ? (cause.message.split('\n')[0] ?? '') : 'it cannot be read',
      cause,
    );
  }
}

export function invalid(file: string, line: number | undefined, why: string, cause?: unknown): UserError {
  const location = line === undefined ? { file } : { file, line };
  return new UserError(
    'DependencyFileInvalid',
    `${path.basename(file)}${line === undefined ? '' : `, line ${line}`}: ${why}.`,
    {
      cause,
      location,
      remedy: { kind: 'openFile', label: 'Open the file', location },
    },
  );
}

/** `[project] dependencies` (PEP 621) or Poetry's table; undefined when the file declares none (a tool's configuration only). */
export async function readPyproject(root: string, file: string, signal: AbortSignal): Promise<Declared | undefined> {
  const data = await readToml(root, file, signal);
  const project = table(data['project']);
  const poetry = table(table(data['tool'])['poetry']);
  const specifier = text(project['requires-python']);
  const python = specifier === undefined ? undefined : { specifier };
  if (Array.isArray(project['dependencies'])) {
    const specs = project['dependencies'].filter((one) => typeof one === 'string');
    return { requirements: specs.map((spec) => ({ spec, origin: file })), findings: [], ...(python && { python }) };
  }
  if (isRecord(poetry['dependencies'])) return readPoetry(poetry['dependencies'], file);
  return python === undefined ? undefined : { requirements: [], findings: [], python };
}

function readPoetry(dependencies: Table, file: string): Declared {
  const { python, ...packages } = dependencies;
  const requirements = Object.entries(packages).flatMap(([name, value]) => tableRequirement(name, value, file));
  const specifier = text(python) === undefined ? undefined : caret(text(python) ?? '');
  return { requirements, findings: [], ...(specifier === undefined ? {} : { python: { specifier } }) };
}

/** `[packages]` and `[requires]` of a Pipfile. */
export async function readPipfile(root: string, file: string, signal: AbortSignal): Promise<Declared> {
  const data = await readToml(root, file, signal);
  const packages = Object.entries(table(data['packages']));
  const local = packages.filter(([, value]) => isRecord(value) && text(value['path']) !== undefined);
  const findings: readonly Finding[] = local.map(([name]) => ({
    code: 'RequirementLocalPath',
    severity: 'info',
    message: `${file}: ${printable(name)} is a path; its code is used from the project folder, its own requirements are not read.`,
  }));
  const requires = table(data['requires']);
  const version = text(requires['python_full_version']) ?? text(requires['python_version']);
  return {
    requirements: packages.flatMap(([name, value]) => tableRequirement(name, value, file)),
    findings,
    ...(version === undefined ? {} : { python: { version } }),
  };
}

/** `default` of a Pipfile.lock. @throws UserError DependencyFileInvalid */
export async function readPipfileLock(root: string, file: string, signal: AbortSignal): Promise<Declared> {
  const full = path.join(root, file);
  let data: unknown;
  try {
    data = JSON.parse(await readFile(full, { encoding: 'utf8', signal }));
  } catch (cause) {
    signal.throwIfAborted();
    throw invalid(full, undefined, 'it is not JSON', cause);
  }
  const lock = isRecord(data) ? data : {};
  const version = text(table(table(table(lock['_meta'])['requires']))['python_version']);
  return {
    requirements: Object.entries(table(lock['default'])).flatMap(([name, value]) =>
      tableRequirement(name, value, file),
    ),
    findings: [],
    ...(version === undefined ? {} : { python: { version } }),
  };
}

/** `name = "^1.2"` or `name = {version, extras, git, markers}` as Poetry and Pipenv write them. */
function tableRequirement(name: string, value: unknown, origin: string): readonly Requirement[] {
  if (Array.isArray(value)) return value.slice(0, 1).flatMap((one) => tableRequirement(name, one, origin));
  const entry = isRecord(value) ? value : { version: value };
  if (text(entry['path']) !== undefined || entry['optional'] === true) return [];
  const extras = Array.isArray(entry['extras']) && entry['extras'].length > 0 ? `[${entry['extras'].join(',')}]` : '';
  const markers = text(entry['markers']);
  const condition = markers === undefined ? '' : ` ; ${markers}`;
  const source = gitSource(entry) ?? caret(text(entry['version']) ?? '*');
  return [{ spec: `${name}${extras}${source}${condition}`, origin }];
}

function gitSource(entry: Table): string | undefined {
  const git = text(entry['git']);
  if (git === undefined) return undefined;
  const reference = ['ref', 'rev', 'tag', 'branch'].map((key) => text(entry[key])).find((one) => one !== undefined);
  return ` @ git+${git}${reference === undefined ? '' : `@${reference}`}`;
}

/** Poetry's `^1.2`, `~1.2`, `1.*` and bare versions as PEP 440. */
export function caret(constraint: string): string {
  if (constraint.trim() === '*') return '';
  return constraint
    .split(',')
    .map((part) => part.trim())
    .map((part) => {
      const [, sign, version] = /^(\^|~(?!=))?\s*v?(\d[\w.*+!-]*)$/.exec(part) ?? [];
      if (version === undefined) return part;
      if (sign === undefined) return `==${version}`;
      return `>=${version},<${sign === '^' ? nextBreaking(version) : nextMinor(version)}`;
    })
    .join(',');
}

function nextBreaking(version: string): string {
  const parts = version.split('.').map((part) => Number.parseInt(part, 10) || 0);
  const index = parts.findIndex((part) => part > 0);
  const at = index === -1 ? parts.length - 1 : index;
  return parts
    .slice(0, at + 1)
    .map((part, i) => (i === at ? part + 1 : part))
    .join('.');
}

function nextMinor(version: string): string {
  const [major = 0, minor] = version.split('.').map((part) => Number.parseInt(part, 10) || 0);
  return minor === undefined ? String(major + 1) : `${major}.${minor + 1}`;
}

function table(value: unknown): Table {
  return isRecord(value) ? value : {};
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
