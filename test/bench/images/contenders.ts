import { fork } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { findProgram, requireProgram } from '../../testbed/program';
import { cliProgram } from '../../support/cli';
import type { TestEngine } from '../../testbed/docker/engine';
import { plainEnvironment } from '../local/machine';
import { pathWith, type UvTools } from '../local/uv';
import { cachedPip, cachedUv, peerBase, plainPip } from './dockerfiles';
import type { WindowOrder } from './openWindow';
import { runTimed, type Timed } from './runTimed';

export interface Built extends Timed {
  /** What the engine runs. */
  readonly image: string;
}

/** One way to build an image and push it. */
export interface Contender {
  readonly name: string;
  /** Forgets all packages, layers and images but the base. */
  reset(): Promise<void>;
  build(repository: string): Promise<Built>;
}

export interface Arena {
  readonly root: string;
  /** The project's folder. */
  readonly project: string;
  readonly engine: TestEngine;
  /** The registry as this machine names it, and as the engine does. */
  readonly host: string;
  readonly reached: string;
  readonly base: string;
  readonly uv: UvTools;
  /** The configuration of everybody's uv. */
  readonly uvConfiguration: string;
}

/** Slipway's command line, with byte code and without. */
export function slipwayContender(arena: Omit<Arena, 'engine'>, byteCode: boolean): Contender {
  const home = path.join(arena.root, `home-${String(byteCode)}`);
  const env = environmentOf(arena);
  return {
    name: byteCode ? 'Slipway' : 'Slipway, --no-byte-code',
    reset: () => forgetAll(home),
    build: async (repository) => {
      const timed = await runTimed(
        process.execPath,
        [
          ...[cliProgram, 'build', arena.project, '--registry', `${arena.host}/${repository}`, '--base', arena.base],
          ...['--insecure', '--push', '--yes', '--json', '--home', home],
          ...(byteCode ? [] : ['--no-byte-code']),
        ],
        env,
      );
      const last = JSON.parse(timed.stdout.trim().split('\n').at(-1) ?? '{}') as { readonly image?: string };
      if (last.image === undefined) throw new Error(`Slipway built nothing: ${timed.stdout.slice(-500)}`);
      return { ...timed, image: last.image.replace(arena.host, arena.reached) };
    },
  };
}

function environmentOf({ uv, uvConfiguration }: Pick<Arena, 'uv' | 'uvConfiguration'>): NodeJS.ProcessEnv {
  return plainEnvironment({ PATH: pathWith(uv), UV_CONFIG_FILE: uvConfiguration });
}

/** Leaves a home what was learned of base images alone. */
async function forgetAll(home: string): Promise<void> {
  const images = path.join(home, 'cache/images');
  const stale = await readdir(images).catch(() => []);
  await Promise.all(
    stale.filter((name) => name !== 'bases').map((name) => rm(path.join(images, name), { recursive: true })),
  );
  for (const name of ['locks', 'environments', 'support', 'bundles', 'cache/uv'])
    await rm(path.join(home, name), { recursive: true, force: true });
}

/** The same in a window of an editor that is open already: no program has to start. */
export function windowContender(arena: Omit<Arena, 'engine'>): Contender & { close(): void } {
  const home = path.join(arena.root, 'home-window');
  const env = environmentOf(arena);
  const child = fork(path.join(import.meta.dirname, 'openWindow.ts'), { env, cwd: '/' });
  return {
    name: 'Slipway, in an open window',
    reset: () => forgetAll(home),
    build: async (repository) => {
      const { project, base } = arena;
      const order: WindowOrder = { project, base, home, reference: `${arena.host}/${repository}` };
      const started = performance.now();
      child.send(order);
      const [answer] = (await once(child, 'message')) as [{ readonly image?: string; readonly error?: string }];
      if (answer.image === undefined) throw new Error(`Slipway built nothing: ${answer.error ?? ''}`);
      const ms = performance.now() - started;
      return { ms, image: answer.image.replace(arena.host, arena.reached), stdout: '', peak: 0 };
    },
    close: () => void child.kill(),
  };
}

/** What the peers start from. @returns its reference, as the engine names it */
export async function pushPeerBase(arena: Arena): Promise<string> {
  const folder = path.join(arena.root, 'peer-base');
  await mkdir(folder, { recursive: true });
  await cp(findUvFile(arena.uv), path.join(folder, 'uv'));
  await cp(arena.uvConfiguration, path.join(folder, 'uv.toml'));
  await cp(process.env['SSL_CERT_FILE'] ?? '/etc/ssl/certs/ca-certificates.crt', path.join(folder, 'ca.pem'));
  await writeFile(path.join(folder, 'Dockerfile'), peerBase);
  const from = arena.base.replace(arena.host, arena.reached);
  const name = `${arena.reached}/base/peers:1`;
  await arena.engine.docker('build', '-q', '--build-arg', `BASE=${from}`, '-t', name, folder);
  await arena.engine.docker('push', '-q', name);
  return name;
}

export function findUvFile({ program }: UvTools): string {
  return path.isAbsolute(program) ? program : requireProgram(program);
}

export async function dockerContenders(arena: Arena, base: string): Promise<readonly Contender[]> {
  const kinds = [
    { name: 'docker build, classic', dockerfile: plainPip, buildKit: '0' },
    { name: 'BuildKit, pip with a cache mount', dockerfile: cachedPip, buildKit: '1' },
    { name: 'BuildKit, uv with a cache mount', dockerfile: cachedUv, buildKit: '1' },
  ];
  const docker = requireProgram('docker');
  const host = arena.engine.socket;
  return Promise.all(
    kinds.map(async ({ name, dockerfile, buildKit }, index) => {
      const file = path.join(arena.root, `Dockerfile.${String(index)}`);
      await writeFile(file, dockerfile);
      const env = { ...process.env, DOCKER_HOST: `unix://${host}`, DOCKER_BUILDKIT: buildKit };
      return {
        name,
        reset: () => forgetImages(arena, base),
        build: async (repository: string): Promise<Built> => {
          const image = `${arena.reached}/${repository}`;
          const words = ['build', '-q', '-f', file, '--build-arg', `BASE=${base}`, '-t', image, arena.project];
          const built = await runTimed(docker, words, env);
          const pushed = await runTimed(docker, ['push', '-q', image], env);
          return { ...built, ms: built.ms + pushed.ms, image };
        },
      };
    }),
  );
}

/** Leaves an engine its base alone. */
export async function forgetImages({ engine }: Arena, base: string): Promise<void> {
  await engine.docker('system', 'prune', '-af');
  await engine.docker('builder', 'prune', '-af');
  await engine.docker('pull', '-q', base);
}

/** Where it is installed. */
export async function buildahContender(arena: Arena, base: string): Promise<Contender | undefined> {
  const program = findProgram('buildah');
  if (program === undefined) return undefined;
  const store = path.join(arena.root, 'buildah');
  const file = path.join(arena.root, 'Dockerfile.buildah');
  await writeFile(file, plainPip);
  await mkdir(store, { recursive: true });
  await writeFile(path.join(store, 'config.json'), '{}');
  const env = { ...process.env, DOCKER_CONFIG: store };
  const from = base.replace(arena.reached, arena.host);
  const where = ['--root', path.join(store, 'root'), '--runroot', path.join(store, 'run')];
  const run = (...args: string[]): Promise<Timed> => runTimed(program, [...where, ...args], env);
  return {
    name: 'buildah bud',
    reset: async () => {
      await run('rmi', '-af').catch(() => undefined);
      await run('pull', '-q', '--tls-verify=false', from);
    },
    build: async (repository) => {
      const image = `${arena.host}/${repository}`;
      const built = await run(
        ...['bud', '-q', '--layers', '--isolation', 'chroot', '--tls-verify=false', '--format', 'docker'],
        ...['-f', file, '--build-arg', `BASE=${from}`, '-t', image, arena.project],
      );
      const pushed = await run('push', '-q', '--tls-verify=false', image);
      return { ...built, ms: built.ms + pushed.ms, image: image.replace(arena.host, arena.reached) };
    },
  };
}
