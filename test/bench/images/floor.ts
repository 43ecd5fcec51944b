import { createHash, randomBytes } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { findUvFile, type Arena } from './contenders';
import { runTimed } from './runTimed';

/** The least that any way takes: installing the packages once, and sending as many bytes as the image's layers have. */
export async function floor(arena: Arena, bytes: number): Promise<number> {
  const folder = path.join(arena.root, 'floor');
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder);
  const requirements = path.join(arena.project, 'requirements.txt');
  const installed = await runTimed(
    findUvFile(arena.uv),
    [
      ...['pip', 'install', '-q', '--python', arena.uv.python.path, '--target', path.join(folder, 'packages')],
      ...['-r', requirements],
    ],
    { ...process.env, UV_CACHE_DIR: path.join(folder, 'cache'), UV_CONFIG_FILE: arena.uvConfiguration },
  );
  return installed.ms + (await upload(arena.host, bytes));
}

async function upload(host: string, bytes: number): Promise<number> {
  const content = randomBytes(bytes);
  const digest = createHash('sha256').update(content).digest('hex');
  const started = performance.now();
  const opened = await fetch(`http://${host}/v2/floor/plain/blobs/uploads/`, { method: 'POST' });
  const location = new URL(opened.headers.get('location') ?? '', `http://${host}`);
  location.searchParams.set('digest', `sha256:${digest}`);
  const put = await fetch(location, { method: 'PUT', body: content });
  if (put.status !== 201) throw new Error(`The registry answered ${String(put.status)} to the floor's upload.`);
  return performance.now() - started;
}

export async function layerBytes(host: string, image: string): Promise<number> {
  const [name = '', digest = ''] = image.slice(image.indexOf('/') + 1).split('@');
  const accept = 'application/vnd.oci.image.manifest.v1+json';
  const found = await fetch(`http://${host}/v2/${name}/manifests/${digest}`, { headers: { accept } });
  const { layers } = (await found.json()) as { readonly layers: readonly { readonly size: number }[] };
  // The first one is the base's.
  return layers.slice(1).reduce((sum, { size }) => sum + size, 0);
}
