import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { labels } from '../../src/build/image/imageConfig';
import { memoryBlob } from '../../src/build/image/blobs';
import { Publisher } from '../../src/build/image/publisher';
import { sha256 } from '../../src/clients/registry/blob';
import { Registry } from '../../src/clients/registry/connection';
import { mediaTypes } from '../../src/core/oci';
import { startFaultProxy, type Fault, type FaultProxy, type SeenRequest } from '../support/faultProxy';
import { startRegistry } from '../testbed/docker/registry';

export const blobBytes = 5_000_000;
export const never = new AbortController().signal;

export interface Pushed {
  readonly repository: string;
  readonly digest: string;
  readonly proxy: FaultProxy;
}

export interface PushOptions {
  readonly signal?: AbortSignal;
  readonly onBytes?: (bytes: number) => void;
  readonly chunkBytes?: number;
  /** `one` by default. */
  readonly tag?: string;
  /** What the image says that it serves, as those of Slipway do. */
  readonly model?: string;
  /** Called with the address before the first request. */
  readonly prepare?: (host: string) => Promise<void>;
}

/** A real registry, and images of random bytes that are pushed to it past faults. */
export interface PushBench {
  /** `127.0.0.1:PORT` of the registry itself. */
  readonly host: string;
  /** Holds Docker's configuration. */
  readonly folder: string;
  /** Pushes an image to a repository of its own through a network with faults. */
  push(decide: (request: SeenRequest) => Fault, options?: PushOptions): Promise<Pushed>;
  /** Pushes an image. @returns its digest */
  pushTo(host: string, repository: string, options?: PushOptions, layer?: Buffer): Promise<string>;
  /** What the last push went through. */
  lastProxy(): FaultProxy | undefined;
  /** Asks the registry itself whether an image is whole. */
  assertComplete(pushed: Pushed): Promise<void>;
  /** Tags of the repository that was pushed to last; null when there is none. */
  lastTags(): Promise<unknown>;
  close(): Promise<void>;
}

export async function openPushBench(): Promise<PushBench> {
  const registry = await startRegistry();
  const folder = await mkdtemp(path.join(tmpdir(), 'slw-push-'));
  process.env['DOCKER_CONFIG'] = folder;
  const proxies: FaultProxy[] = [];
  let repositories = 0;
  const last = (): string => `faults/r${repositories}`;
  const pushTo: PushBench['pushTo'] = (host, repository, options = {}, layer = randomBytes(blobBytes)) =>
    pushImage(folder, host, repository, options, layer);
  return {
    host: registry.host,
    folder,
    push: async (decide, options = {}) => {
      const proxy = await startFaultProxy(registry.port, decide);
      proxies.push(proxy);
      repositories += 1;
      await options.prepare?.(proxy.host);
      return { repository: last(), digest: await pushTo(proxy.host, last(), options), proxy };
    },
    pushTo,
    lastProxy: () => proxies.at(-1),
    assertComplete: (pushed) => assertComplete(registry.host, pushed),
    lastTags: async () => {
      const answer = await fetch(`http://${registry.host}/v2/${last()}/tags/list`);
      return answer.status === 404 ? null : ((await answer.json()) as { tags: unknown }).tags;
    },
    close: async () => {
      Reflect.deleteProperty(process.env, 'DOCKER_CONFIG');
      await Promise.all(proxies.map((proxy) => proxy.stop()));
      await registry.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function pushImage(
  folder: string,
  host: string,
  repository: string,
  { signal = never, onBytes = () => undefined, chunkBytes = blobBytes, tag = 'one', model }: PushOptions,
  layer: Buffer,
): Promise<string> {
  const connection = new Registry(host, { insecure: true, chunkBytes, wait: () => Promise.resolve() });
  const publisher = new Publisher({ registry: connection, repository }, folder, onBytes);
  const rootfs = { type: 'layers', diff_ids: [sha256(layer)] };
  const described = model === undefined ? {} : { config: { Labels: { [labels.model]: model } } };
  const config = Buffer.from(JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs, ...described }));
  const blobs = [layer, config].map((content) => ({ source: memoryBlob(sha256(content), content) }));
  for (const blob of blobs) await publisher.blob(blob, signal);
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: { mediaType: mediaTypes.config, digest: sha256(config), size: config.length },
    layers: [{ mediaType: mediaTypes.layerTar, digest: sha256(layer), size: layer.length }],
  };
  const content = Buffer.from(JSON.stringify(manifest));
  await publisher.manifest(tag, { mediaType: mediaTypes.manifest, content }, blobs, signal);
  return sha256(content);
}

async function assertComplete(host: string, { repository, digest }: Pushed): Promise<void> {
  const url = `http://${host}/v2/${repository}`;
  const answer = await fetch(`${url}/manifests/one`, { headers: { accept: mediaTypes.manifest } });
  assert.equal(answer.headers.get('docker-content-digest'), digest);
  const { layers } = (await answer.json()) as { layers: readonly { digest: string }[] };
  const blob = await fetch(`${url}/blobs/${layers[0]?.digest ?? ''}`);
  assert.equal(sha256(Buffer.from(await blob.arrayBuffer())), layers[0]?.digest);
}
