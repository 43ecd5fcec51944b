import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { BuiltImage, DeployEvent } from '../../src/core/deploy';
import { buildImage, type BuildImageRequest } from '../../src/pipeline/buildImage';
import { parseImageTarget, type ImageTarget } from '../../src/pipeline/imageTarget';
import { pass, startFaultProxy, type Fault, type SeenRequest } from '../support/faultProxy';
import { startForwardProxy } from '../support/forwardProxy';
import { recordingHost } from '../support/recordingHost';
import { openWorkspace, type Workspace } from '../support/workspace';
import { pushBase } from '../testbed/docker/baseImage';
import { startEngine, type TestEngine } from '../testbed/docker/engine';
import { startRegistry } from '../testbed/docker/registry';

/** An engine as a user's Docker configuration names it, that reaches a registry and, by a proxy, the package indexes. */
export interface DockerBench {
  readonly workspace: Workspace;
  readonly engine: TestEngine;
  /** Address of the registry for everybody: this process, the engine and its containers. */
  readonly registry: string;
  /** Address of the same registry for who shows `login`. */
  readonly locked: string;
  /** A Debian with Python that trusts the certificates of this machine. */
  readonly base: string;
  /** What happens on the way to the locked registry to who shows `login`: `pass` by default. */
  onLocked(decide: (request: SeenRequest) => Fault): void;
  /** Writes Docker's configuration; without `extra` only the proxies stand in it. */
  configure(extra?: object): Promise<void>;
  build(folder: string, to: string | ImageTarget, options?: DockerBuildOptions): Promise<DockerBuild>;
  close(): Promise<void>;
}

export interface DockerBuildOptions extends Partial<Pick<BuildImageRequest, 'builder' | 'name' | 'base'>> {
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: DeployEvent) => void;
}

export interface DockerBuild extends BuiltImage {
  readonly events: readonly DeployEvent[];
  /** What the engine said. */
  readonly log: readonly string[];
}

const authorities = process.env['SSL_CERT_FILE'] ?? '/etc/ssl/certs/ca-certificates.crt';
const inBase = '/etc/ssl/certs/ca-certificates.crt';

export async function openDockerBench(): Promise<DockerBench> {
  const own = await startRegistry();
  let decide: (request: SeenRequest) => Fault = () => pass;
  const guard = await startFaultProxy(own.port, (request) =>
    request.authorization === `Basic ${login}` ? decide(request) : wantsLogin,
  );
  const guardPort = Number(guard.host.split(':')[1]);
  const engine = await startEngine([own.port, guardPort]);
  const proxy = await startForwardProxy();
  const workspace = await openWorkspace({ target: 'local' });
  const registry = await engine.reach(own.port);
  const locked = await engine.reach(guardPort);
  const proxied = `http://${await engine.reach(proxy.port)}`;
  const config = await mkdtemp(path.join(tmpdir(), 'slw-docker-'));
  const proxies = {
    default: {
      httpProxy: proxied,
      httpsProxy: proxied,
      noProxy: `${registry.split(':')[0] ?? ''},127.0.0.1,localhost`,
    },
  };
  const configure = (extra: object = {}): Promise<void> =>
    writeFile(path.join(config, 'config.json'), JSON.stringify({ proxies, ...extra }));
  await configure();
  process.env['DOCKER_CONFIG'] = config;
  process.env['DOCKER_HOST'] = `unix://${engine.socket}`;
  await pushBase(own.host, process.env['SLIPWAY_TEST_BASE'] ?? '', 'base/debian:bookworm');
  const base = `${registry}/base/python:3.11`;
  await makeBase(engine, `${registry}/base/debian:bookworm`, base);
  return {
    workspace,
    engine,
    registry,
    locked,
    base,
    onLocked: (other) => {
      decide = other;
    },
    configure,
    build: async (folder, to, { signal = workspace.signal, onEvent, ...chosen } = {}) => {
      const host = recordingHost(onEvent === undefined ? {} : { onEvent });
      const target = typeof to === 'string' ? targetOf(registry, to) : to;
      const request = { path: folder, to: target, base, insecure: [registry], byteCode: true, retrain: false };
      const built = await buildImage(workspace.services, host, { ...request, ...chosen }, signal);
      return { ...built, events: host.events, log: linesOf(host.events) };
    },
    close: async () => {
      Reflect.deleteProperty(process.env, 'DOCKER_CONFIG');
      Reflect.deleteProperty(process.env, 'DOCKER_HOST');
      await rm(config, { recursive: true, force: true });
      await Promise.all([proxy.stop(), guard.stop()]);
      await engine.stop();
      await own.stop();
      await workspace.close();
    },
  };
}

/** What the locked registry wants to see, as `docker login` stores it. */
export const login = Buffer.from('me:p:ass wörd').toString('base64');

const wantsLogin: Fault = { kind: 'answer', status: 401, headers: { 'www-authenticate': 'Basic realm="test"' } };

/** What the engine said during a build. */
export function linesOf(events: readonly DeployEvent[]): readonly string[] {
  return events.flatMap((event) => (event.event === 'output' && event.source === 'docker' ? [event.text] : []));
}

function targetOf(registry: string, to: string): ImageTarget {
  const target = /^(oci|docker):/.test(to)
    ? parseImageTarget(undefined, to)
    : parseImageTarget(`${registry}/${to}`, undefined);
  if (target === undefined) throw new Error(`${to} is no target`);
  return target;
}

/** The indexes of this machine may be behind certificates of its own. */
async function makeBase(engine: TestEngine, from: string, to: string): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'slw-base-'));
  try {
    await copyFile(authorities, path.join(folder, 'authorities.crt'));
    const lines = [`FROM ${from}`, `COPY authorities.crt ${inBase}`, `ENV PIP_CERT=${inBase} PIP_DEFAULT_TIMEOUT=180`];
    await writeFile(path.join(folder, 'Dockerfile'), lines.join('\n'));
    await engine.docker('build', '--tag', to, folder);
    await engine.docker('push', to);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
