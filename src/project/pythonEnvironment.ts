import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { minor } from './pythonVersion';

/** A Python with what is installed for it, as its files tell; nothing of it is executed. */
export interface PythonEnvironment {
  /** Absolute. */
  readonly folder: string;
  /** `3.11` */
  readonly minor: string;
  /** Folders with packages, in the order of its `sys.path`. Absolute; one may be missing. */
  readonly packages: readonly string[];
}

const isWindows = process.platform === 'win32';

/** Names that tools and tutorials give to an environment in a project. */
const usualNames = ['.venv', 'venv', 'env', '.conda'];

/** Where environments of a project usually are, absolute. */
export function usualPlaces(folders: readonly string[]): readonly string[] {
  return folders.flatMap((folder) => usualNames.map((name) => path.join(folder, name)));
}

/**
 * The environment of a folder that `venv`, virtualenv, uv or conda made, or of a Python's executable; undefined where there
 * is none.
 * @see https://docs.python.org/3/library/site.html and https://docs.python.org/3/library/venv.html#how-venvs-work
 */
export async function environmentAt(place: string): Promise<PythonEnvironment | undefined> {
  const found = await stat(place).catch(() => undefined);
  if (found === undefined) return undefined;
  const folder = found.isDirectory() ? place : folderOf(place);
  return (
    (await virtualEnvironment(folder)) ??
    (await condaEnvironment(folder)) ??
    (found.isFile() ? await installation(await realpath(place)) : undefined)
  );
}

/** `bin/python` and `Scripts\python.exe` are one folder deeper than a `python.exe` of Windows or conda there. */
function folderOf(program: string): string {
  const folder = path.dirname(program);
  return /^(bin|scripts)$/i.test(path.basename(folder)) ? path.dirname(folder) : folder;
}

async function virtualEnvironment(folder: string): Promise<PythonEnvironment | undefined> {
  const text = await readFile(path.join(folder, 'pyvenv.cfg'), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const setting = (name: string): string | undefined =>
    new RegExp(`^${name}\\s*=\\s*(?<value>.*?)\\s*$`, 'im').exec(text)?.groups?.['value'];
  const version = minor(setting('version') ?? setting('version_info'));
  if (version === undefined) return undefined;
  const home = setting('home');
  const seesBase = setting('include-system-site-packages')?.toLowerCase() === 'true' && home !== undefined;
  const base = seesBase ? installedPackages(folderOf(path.join(home, 'python')), version) : [];
  return { folder, minor: version, packages: [...sitePackages(folder, version), ...base] };
}

async function condaEnvironment(folder: string): Promise<PythonEnvironment | undefined> {
  const names = await readdir(path.join(folder, 'conda-meta')).catch(() => []);
  const version = names.map((name) => /^python-(?<minor>3\.\d+)\.\d/.exec(name)?.groups?.['minor']).find(Boolean);
  return version === undefined ? undefined : { folder, minor: version, packages: sitePackages(folder, version) };
}

/** A Python that was installed by itself. @param program without links: its name or its neighbours tell the version */
async function installation(program: string): Promise<PythonEnvironment | undefined> {
  const folder = folderOf(program);
  const named = /python(?<minor>3\.\d+)/.exec(path.basename(program))?.groups?.['minor'];
  const version = named ?? (await versionOfLibrary(path.dirname(program)));
  return version === undefined ? undefined : { folder, minor: version, packages: installedPackages(folder, version) };
}

/** `python311.dll` stands beside `python.exe`. */
async function versionOfLibrary(folder: string): Promise<string | undefined> {
  const names = await readdir(folder).catch(() => []);
  const digits = names.map((name) => /^python3(?<digits>\d+)\.dll$/i.exec(name)?.groups?.['digits']).find(Boolean);
  return digits === undefined ? undefined : `3.${digits}`;
}

function sitePackages(folder: string, version: string): readonly string[] {
  return [path.join(folder, ...(isWindows ? ['Lib'] : ['lib', `python${version}`]), 'site-packages')];
}

/** The user's own packages come first; Debian has folders of its own. */
function installedPackages(folder: string, version: string): readonly string[] {
  return [
    ...userPackages(version),
    ...sitePackages(folder, version),
    ...(isWindows
      ? []
      : [
          path.join(folder, 'local', 'lib', `python${version}`, 'dist-packages'),
          path.join(folder, 'lib', 'python3', 'dist-packages'),
        ]),
  ];
}

function userPackages(version: string): readonly string[] {
  const home = homedir();
  if (isWindows) {
    const folder = process.env['APPDATA'] ?? path.join(home, 'AppData', 'Roaming');
    return [path.join(folder, 'Python', `Python${version.replace('.', '')}`, 'site-packages')];
  }
  return process.platform === 'darwin'
    ? [path.join(home, 'Library', 'Python', version, 'lib', 'python', 'site-packages')]
    : [path.join(home, '.local', 'lib', `python${version}`, 'site-packages')];
}
