import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { memoryBlob } from '../../../src/build/image/blobs';
import { sha256, type BlobSource } from '../../../src/clients/registry/blob';
import { Registry } from '../../../src/clients/registry/connection';
import { pushBlob, putManifest } from '../../../src/clients/registry/push';
import { mediaTypes } from '../../../src/core/oci';
import { cached, shortHash } from '../cache';
import { runTool } from '../runTool';
import { requireProgram } from '../program';

export const suite = 'bookworm';
export const packages = ['ca-certificates', 'python3', 'python3-venv', 'python3-pip', 'libgomp1'];
/** What a small image leaves out. */
const trimmed = ['var/cache/apt', 'var/lib/apt/lists', 'usr/share/doc', 'usr/share/man', 'usr/share/locale'];
/** What it leaves out but for its folders: apt installs nothing without those of its logs. */
const emptied = 'var/log';
/** The official images of Python leave its byte code out. */
const uncompiled = '*.pyc';

/** A Debian with Python, as a compressed archive of its files: made once, then from the cache. */
export async function debianArchive(report: (line: string) => void): Promise<string> {
  const stamp = JSON.stringify([suite, packages, trimmed, emptied, uncompiled]);
  const folder = await cached(`base-${suite}-${shortHash(stamp)}`, stamp, async (target) => {
    report('Making the Debian base image of the tests (once, some minutes).');
    const root = path.join(target, 'root');
    const include = `--include=${packages.join(',')}`;
    await runTool(requireProgram('debootstrap'), ['--variant=minbase', include, suite, root]);
    await packRoot(root, path.join(target, 'root.tar.gz'));
  });
  return path.join(folder, 'root.tar.gz');
}

/** Packs what a small image needs of a root file system, which is gone afterwards. */
export async function packRoot(root: string, archive: string): Promise<void> {
  await Promise.all(trimmed.map((name) => rm(path.join(root, name), { recursive: true, force: true })));
  await runTool('find', [path.join(root, emptied), '-type', 'f', '-delete']);
  await runTool('find', [path.join(root, 'usr/lib'), '-name', uncompiled, '-delete']);
  const kept = ['--exclude=./dev/*', '--exclude=./proc/*', '--exclude=./sys/*'];
  const plain = ['--sort=name', '--mtime=@0', '--numeric-owner'];
  await runTool('tar', ['-C', root, ...plain, ...kept, '-czf', archive, '.']);
  await rm(root, { recursive: true, force: true });
}

const shell = { Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'], Cmd: ['bash'] };

/**
 * Pushes an archive as an image of one layer, in Docker's own format, as `docker push` does.
 * @param start how a container of it starts
 * @param architecture what it says that it runs on; by default that of this machine
 * @returns `HOST/REPOSITORY:TAG`
 */
export async function pushBase(
  host: string,
  archive: string,
  name = 'base/python:3.11',
  start: object = shell,
  architecture = process.arch === 'arm64' ? 'arm64' : 'amd64',
): Promise<string> {
  const signal = new AbortController().signal;
  const registry = new Registry(host, { insecure: true });
  const [repository = '', tag = ''] = name.split(':');
  const [digest, diffId, { size }] = await Promise.all([hashOf(archive, false), hashOf(archive, true), stat(archive)]);
  const layer: BlobSource = {
    digest,
    size,
    open: (start, end) => createReadStream(archive, { start, end: end - 1 }) as AsyncIterable<Buffer>,
  };
  const config = Buffer.from(
    JSON.stringify({
      architecture,
      os: 'linux',
      config: start,
      rootfs: { type: 'layers', diff_ids: [diffId] },
      // Buildah refuses a base whose layers have none.
      history: [{ created_by: 'debootstrap' }],
    }),
  );
  for (const blob of [layer, memoryBlob(sha256(config), config)])
    await pushBlob(registry, { repository, blob }, signal);
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.dockerManifest,
    config: {
      mediaType: 'application/vnd.docker.container.image.v1+json',
      digest: sha256(config),
      size: config.length,
    },
    layers: [{ mediaType: mediaTypes.dockerLayerGzip, digest, size }],
  };
  const content = Buffer.from(JSON.stringify(manifest));
  await putManifest(registry, repository, tag, { mediaType: mediaTypes.dockerManifest, content }, signal);
  return `${host}/${name}`;
}

async function hashOf(file: string, unpacked: boolean): Promise<string> {
  const hash = createHash('sha256');
  const source = createReadStream(file);
  await (unpacked ? pipeline(source, createGunzip(), hash) : pipeline(source, hash));
  return `sha256:${hash.digest('hex')}`;
}
