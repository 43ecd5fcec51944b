import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { paddingOf, tarEnd, tarHeader, type TarEntry } from '../../../src/build/image/tar';
import { pushBase } from './baseImage';

export interface SmallBase {
  /** `REPOSITORY:TAG` */
  readonly name?: string;
  /** `3.11`; by default that of this machine's Python. */
  readonly minor?: string;
  readonly architecture?: string;
}

/**
 * Pushes a base image of a few kilobytes: what a builder looks for in a Debian with the Python of this machine, and
 * nothing that could run. For tests that build and push and start no container. @returns `HOST/REPOSITORY:TAG`
 */
export async function pushSmallBase(
  host: string,
  { name, minor = ownMinor(), architecture }: SmallBase = {},
): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'slw-base-'));
  const archive = path.join(folder, 'root.tar.gz');
  try {
    await writeFile(archive, gzipSync(Buffer.concat([...entriesFor(minor), tarEnd])));
    return await pushBase(host, archive, name ?? `base/python:${minor}`, {}, architecture);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function ownMinor(): string {
  return execFileSync('python3', ['-c', 'import sys; print("%d.%d" % sys.version_info[:2])']).toString().trim();
}

function entriesFor(minor: string): readonly Buffer[] {
  const library = Buffer.from('GNU C Library (Debian GLIBC 2.36-9+deb12u7) stable release version 2.36.\n');
  return [
    ...entry({ kind: 'link', path: 'bin', target: 'usr/bin' }),
    ...entry({ kind: 'link', path: 'usr/bin/python3', target: `python${minor}` }),
    ...entry({ kind: 'file', path: `usr/bin/python${minor}`, size: 3, executable: true }, Buffer.from('ELF')),
    ...entry(
      { kind: 'file', path: 'usr/lib/x86_64-linux-gnu/libc.so.6', size: library.length, executable: true },
      library,
    ),
  ];
}

function entry(header: TarEntry, content = Buffer.alloc(0)): readonly Buffer[] {
  return [tarHeader(header), content, Buffer.alloc(paddingOf(content.length))];
}
