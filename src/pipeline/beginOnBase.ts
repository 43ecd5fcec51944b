import path from 'node:path';
import PQueue from 'p-queue';
import { choosePython } from '../build/choosePython';
import { LayerCache } from '../build/image/layerCache';
import { libraryLayer } from '../build/image/makeLayer';
import { librarySource, type Base } from '../build/image/openBase';
import type { Platform } from '../core/image';
import type { Project } from '../core/project';
import { askForServer, wheelCache } from './serverWheels';
import type { Services } from './services';

/** What is done of an image that needs its base only, while its packages are solved and its model is trained. */
export interface WorkOnBase {
  /** Settles when the index was asked for the server's packages. Never rejects. */
  readonly asked: Promise<void>;
  /** Settles when the byte code of the base's standard library is in the cache of layers. Never rejects. */
  readonly compiled: Promise<void>;
  /** Ends it all. */
  stop(): Promise<void>;
}

interface OrderOnBase {
  readonly base: Base;
  readonly project: Project;
  readonly platform: Platform;
  readonly byteCode: boolean;
}

/** Begins it. Whoever needs what could not be done does it again, and tells why it fails. */
export function beginOnBase(services: Services, order: OrderOnBase, signal: AbortSignal): WorkOnBase {
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const asked = askForServer(services, { base: order.base.facts, platform: order.platform }, either);
  const compiled = order.byteCode ? compileLibrary(services, order, either).catch(() => undefined) : Promise.resolve();
  return {
    asked,
    compiled,
    stop: async () => {
      stop.abort();
      await Promise.all([asked, compiled]);
    },
  };
}

async function compileLibrary(
  services: Services,
  { base, project }: OrderOnBase,
  signal: AbortSignal,
): Promise<undefined> {
  const library = librarySource(base);
  if (library === undefined) return;
  const { interpreters } = await services.uv(signal);
  const cache = new LayerCache(services.home.images);
  const compiler = {
    cache,
    wheels: wheelCache(services),
    python: choosePython(project.python, interpreters, project.dependencies.asOf?.date).interpreter,
    runtime: path.join(services.context.resources, 'runtime'),
    compiling: new PQueue({ concurrency: 1 }),
  };
  await libraryLayer(compiler, library, signal);
  await cache.settled();
}
