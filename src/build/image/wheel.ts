import { createHash } from 'node:crypto';
import path from 'node:path';
import type { InstallScheme } from './imagePaths';
import { formatRecord, parseRecord, type RecordLine } from './record';
import type { ZipEntry, ZipFile } from './zip';

/** One file of an installed wheel: copied from the archive as it is, or written anew. */
export type InstalledFile =
  | { readonly kind: 'copied'; readonly path: string; readonly executable: boolean; readonly entry: ZipEntry }
  | { readonly kind: 'written'; readonly path: string; readonly executable: boolean; readonly content: Buffer };

/** A wheel breaks the rules of its format, so nothing of it is installed. */
export class WheelError extends Error {
  override readonly name = 'WheelError';
}

/**
 * What installing a wheel puts where, sorted by path, as pip and uv do it: data folders moved, scripts started by the
 * environment's Python, entry points made, and a RECORD that tells all of it.
 * @see https://packaging.python.org/en/latest/specifications/binary-distribution-format/#installing-a-wheel-distribution-1-0-py32-none-any-whl
 * @throws WheelError for names that lead out of the environment and for archives that are no wheels
 */
export async function installedFiles(zip: ZipFile, scheme: InstallScheme): Promise<readonly InstalledFile[]> {
  const entries = zip.entries.filter((entry) => !entry.name.endsWith('/'));
  const info = metadataFolder(entries);
  const placed = new Map<string, Placed>();
  for (const entry of entries) {
    if (isSignature(entry.name, info)) continue;
    const { path: file, isScript } = place(entry.name, scheme);
    placed.set(file, { file, entry, isScript });
  }
  const hashes = await recordedHashes(zip, entries, info, scheme);
  const copies = await Promise.all([...placed.values()].map((one) => install(zip, one, scheme)));
  const made = [
    ...copies,
    ...(await entryPointScripts(zip, entries, info, scheme)),
    written(`${scheme.packages}/${info}/INSTALLER`, 'slipway\n', false),
  ];
  const files = [...new Map(made.map((file) => [file.path, file])).values()];
  const record = `${scheme.packages}/${info}/RECORD`;
  const lines = files.map((file) => recordLine(file, hashes, scheme));
  const all = [...files, written(record, formatRecord(lines, recordPath(record, scheme)), false)];
  return all.sort((left, right) => (left.path < right.path ? -1 : 1));
}

interface Placed {
  readonly file: string;
  readonly entry: ZipEntry;
  readonly isScript: boolean;
}

function metadataFolder(entries: readonly ZipEntry[]): string {
  const folders = new Set(
    entries.map(({ name }) => /^(?<folder>[^/]+\.dist-info)\//.exec(name)?.groups?.['folder']).filter((one) => one),
  );
  const [folder, ...more] = folders;
  if (folder === undefined || more.length > 0) throw new WheelError('it has no metadata folder, or more than one');
  return folder;
}

/** The old RECORD and its signatures tell about the archive, not about the installation. */
function isSignature(name: string, info: string): boolean {
  return ['RECORD', 'RECORD.jws', 'RECORD.p7s'].some((file) => name === `${info}/${file}`);
}

function place(name: string, scheme: InstallScheme): { readonly path: string; readonly isScript: boolean } {
  assertInside(name);
  const data = /^(?<distribution>[^/]+)-[^/-]+\.data\/(?<kind>[^/]+)\/(?<rest>.+)$/.exec(name);
  if (data === null) return { path: `${scheme.packages}/${name}`, isScript: false };
  const [, distribution = '', kind = '', rest = ''] = data;
  const folders: Readonly<Record<string, string>> = {
    purelib: scheme.packages,
    platlib: scheme.packages,
    scripts: scheme.scripts,
    headers: `${scheme.headers}/${distribution}`,
    data: scheme.data,
  };
  const folder = folders[kind];
  if (folder === undefined) throw new WheelError(`it wants to install into the unknown place ${JSON.stringify(kind)}`);
  return { path: `${folder}/${rest}`, isScript: kind === 'scripts' };
}

function assertInside(name: string): void {
  const parts = name.split('/');
  const isPlain = parts.every((part) => part !== '' && part !== '.' && part !== '..') && !/[\\\0]/.test(name);
  if (!isPlain) throw new WheelError(`the name ${JSON.stringify(name)} leads out of the environment`);
}

/** Scripts name the interpreter as `#!python`; everything else is copied. */
async function install(zip: ZipFile, { file, entry, isScript }: Placed, scheme: InstallScheme): Promise<InstalledFile> {
  const executable = isScript || (entry.mode & 0o111) !== 0;
  if (!isScript) return { kind: 'copied', path: file, executable, entry };
  const content = await zip.read(entry);
  const first = /^#!pythonw?(?=[ \n\r])/.exec(content.toString('latin1', 0, 10));
  if (first === null) return { kind: 'copied', path: file, executable, entry };
  const rest = content.subarray(first[0].length);
  return { kind: 'written', path: file, executable, content: Buffer.concat([Buffer.from(`#!${scheme.python}`), rest]) };
}

/** @see https://packaging.python.org/en/latest/specifications/entry-points/#use-for-scripts */
async function entryPointScripts(
  zip: ZipFile,
  entries: readonly ZipEntry[],
  info: string,
  scheme: InstallScheme,
): Promise<readonly InstalledFile[]> {
  const file = entries.find((entry) => entry.name === `${info}/entry_points.txt`);
  if (file === undefined) return [];
  const text = (await zip.read(file)).toString('utf8');
  return parseEntryPoints(text).map(({ name, module, attribute }) => {
    assertInside(name);
    const [first = ''] = attribute.split('.');
    const lines = [
      `#!${scheme.python}`,
      '# -*- coding: utf-8 -*-',
      'import sys',
      `from ${module} import ${first}`,
      'if __name__ == "__main__":',
      '    sys.argv[0] = sys.argv[0].removesuffix("-script.pyw").removesuffix(".exe")',
      `    sys.exit(${attribute}())`,
      '',
    ];
    return written(`${scheme.scripts}/${name}`, lines.join('\n'), true);
  });
}

interface EntryPoint {
  readonly name: string;
  readonly module: string;
  readonly attribute: string;
}

/** The `console_scripts` and `gui_scripts` of an `entry_points.txt`; lines that are no entry points are passed over. */
export function parseEntryPoints(text: string): readonly EntryPoint[] {
  const sections = text.split(/^[ \t]*\[/m).filter((section) => /^\s*(?:console|gui)_scripts\s*\]/.test(section));
  const pattern = /^[ \t]*(?<name>[^=#;\s][^=\n]*?)\s*=\s*(?<module>[\w.]+)\s*:\s*(?<attribute>[\w.]+)/gm;
  return sections.flatMap((section) =>
    [...section.matchAll(pattern)].map(([, name = '', module = '', attribute = '']) => ({ name, module, attribute })),
  );
}

function written(file: string, content: string, executable: boolean): InstalledFile {
  return { kind: 'written', path: file, executable, content: Buffer.from(content) };
}

/** Hashes that the wheel's own RECORD tells, by the path of the installed file. */
async function recordedHashes(
  zip: ZipFile,
  entries: readonly ZipEntry[],
  info: string,
  scheme: InstallScheme,
): Promise<ReadonlyMap<string, string>> {
  const file = entries.find((entry) => entry.name === `${info}/RECORD`);
  if (file === undefined) throw new WheelError('it has no RECORD');
  const names = new Set(entries.map((entry) => entry.name));
  const lines = parseRecord((await zip.read(file)).toString('utf8'));
  return new Map(
    lines.filter((line) => names.has(line.path)).map((line) => [place(line.path, scheme).path, line.hash]),
  );
}

function recordLine(file: InstalledFile, hashes: ReadonlyMap<string, string>, scheme: InstallScheme): RecordLine {
  const name = recordPath(file.path, scheme);
  if (file.kind === 'copied') return { path: name, hash: hashes.get(file.path) ?? '', size: file.entry.size };
  const hash = createHash('sha256').update(file.content).digest('base64url');
  return { path: name, hash: `sha256=${hash}`, size: file.content.length };
}

function recordPath(file: string, scheme: InstallScheme): string {
  return path.posix.relative(scheme.packages, file);
}
