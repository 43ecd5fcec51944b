import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { cached, shortHash } from '../cache';
import { requireProgram } from '../program';
import { runTool } from '../runTool';
import { packages, packRoot, suite } from './baseImage';

// Images of another architecture than this machine's, and the program that runs them here.

const architecture = 'arm64';
const emulatorPackage = 'qemu-user-static';

/** The Debian of the tests for arm64: unpacked, and not configured, since nothing of it runs while it is made. */
export async function foreignArchive(report: (line: string) => void): Promise<string> {
  const stamp = JSON.stringify([suite, architecture, packages]);
  const folder = await cached(`base-${suite}-${architecture}-${shortHash(stamp)}`, stamp, async (target) => {
    report(`Making the Debian base image for ${architecture} (once, a minute).`);
    const root = path.join(target, 'root');
    await debootstrap(root, packages, '--foreign', `--arch=${architecture}`);
    for (const file of await downloaded(root)) await runTool(requireProgram('dpkg-deb'), ['--extract', file, root]);
    await rm(path.join(root, 'debootstrap'), { recursive: true, force: true });
    await packRoot(root, path.join(target, 'root.tar.gz'));
  });
  return path.join(folder, 'root.tar.gz');
}

/** The path of a program without libraries that runs programs for arm64: its arguments are theirs. */
export async function emulator(report: (line: string) => void): Promise<string> {
  const stamp = JSON.stringify([suite, emulatorPackage]);
  const folder = await cached(`emulator-${shortHash(stamp)}`, stamp, async (target) => {
    report('Fetching what runs images for arm64 here (once, a minute).');
    const root = path.join(target, 'root');
    await debootstrap(root, [emulatorPackage], '--download-only');
    const file = (await downloaded(root)).find((one) => path.basename(one).startsWith(`${emulatorPackage}_`)) ?? '';
    await runTool(requireProgram('dpkg-deb'), ['--extract', file, path.join(target, 'package')]);
    await rm(root, { recursive: true, force: true });
  });
  return path.join(folder, 'package/usr/bin/qemu-aarch64-static');
}

async function debootstrap(root: string, include: readonly string[], ...options: readonly string[]): Promise<void> {
  const how = ['--variant=minbase', `--include=${include.join(',')}`, ...options];
  await runTool(requireProgram('debootstrap'), [...how, suite, root]);
}

async function downloaded(root: string): Promise<readonly string[]> {
  const folder = path.join(root, 'var/cache/apt/archives');
  const names = await readdir(folder);
  return names.filter((name) => name.endsWith('.deb')).map((name) => path.join(folder, name));
}
