import { setTimeout as delay } from 'node:timers/promises';
import { listObjects } from '../../../clients/kubernetes/change';
import { resourcePath, resources, type KubeObject, type Resource } from '../../../clients/kubernetes/objects';
import { watchList } from '../../../clients/kubernetes/watchList';
import type { Autoscaler, ConfigMap, Deployment, Pod, Service, Snapshot } from '../objects';
import type { Place } from '../place';
import { unlessForbidden } from '../unlessForbidden';

/** Reads once how models do. @throws UserError of the client */
export async function readSnapshot(
  { client, namespace }: Place,
  selector: string,
  signal: AbortSignal,
): Promise<Snapshot> {
  const list = <T extends KubeObject>(resource: Resource): Promise<readonly T[]> =>
    listObjects<T>(client, { resource, namespace }, selector, signal);
  const [deployments, pods, releases, services, autoscalers] = await Promise.all([
    list<Deployment>(resources.deployments),
    list<Pod>(resources.pods),
    list<ConfigMap>(resources.configMaps),
    list<Service>(resources.services),
    // Who may not look at autoscalers sees the rest.
    listObjects<Autoscaler>(client, { resource: resources.horizontalPodAutoscalers, namespace }, '', signal).catch(
      unlessForbidden([]),
    ),
  ]);
  return { deployments, pods, releases, services, autoscalers };
}

/** Several changes at once become one snapshot. */
const settleMs = 50;

/**
 * A snapshot as soon as all is read, then one after every change, and at least one every `tickMs`, until aborted.
 * @throws UserError KubernetesForbidden and others that waiting does not mend
 */
export async function* watchSnapshots(
  { client, namespace }: Place,
  selector: string,
  tickMs: number | undefined | (() => number | undefined),
  signal: AbortSignal,
): AsyncGenerator<Snapshot> {
  const stop = new AbortController();
  const inner = AbortSignal.any([signal, stop.signal]);
  const changes = new Changes();
  const lists = {
    deployments: new Followed<Deployment>(),
    pods: new Followed<Pod>(),
    releases: new Followed<ConfigMap>(),
    services: new Followed<Service>(),
    autoscalers: new Followed<Autoscaler>(),
  };
  const follow = async <T extends KubeObject>(
    followed: Followed<T>,
    resource: Resource,
    labelSelector = selector,
  ): Promise<void> => {
    const list = {
      what: `watch ${resource.plural} in ${namespace}`,
      path: resourcePath(resource, namespace),
      query: { labelSelector },
    };
    for await (const { items, complete, stale } of watchList(client, list, (object) => object as T, inner)) {
      followed.items = items;
      followed.complete = complete;
      followed.stale = stale;
      changes.notify();
    }
  };
  const running = Promise.all([
    follow(lists.deployments, resources.deployments),
    follow(lists.pods, resources.pods),
    follow(lists.releases, resources.configMaps),
    follow(lists.services, resources.services),
    follow(lists.autoscalers, resources.horizontalPodAutoscalers, '').catch((error: unknown) => {
      lists.autoscalers.complete = unlessForbidden(true)(error);
      changes.notify();
    }),
  ]);
  running.catch((error: unknown) => {
    changes.fail(error);
  });
  try {
    for (;;) {
      await changes.wait(typeof tickMs === 'function' ? tickMs() : tickMs, signal);
      if (Object.values(lists).some((one) => !one.complete)) continue;
      const old = Object.values(lists).find((one) => one.stale !== undefined)?.stale;
      yield {
        deployments: lists.deployments.values(),
        pods: lists.pods.values(),
        releases: lists.releases.values(),
        services: lists.services.values(),
        autoscalers: lists.autoscalers.values(),
        ...(old === undefined ? {} : { old }),
      };
    }
  } finally {
    stop.abort();
    await running.catch(() => undefined);
  }
}

/** A list as it was last heard. */
class Followed<T> {
  items: ReadonlyMap<string, T> = new Map();
  complete = false;
  stale: Snapshot['old'];

  values(): readonly T[] {
    return [...this.items.values()];
  }
}

class Changes {
  #pending = false;
  #failure: { readonly error: unknown } | undefined;
  #wake: () => void = () => undefined;

  notify(): void {
    this.#pending = true;
    this.#wake();
  }

  fail(error: unknown): void {
    this.#failure = { error };
    this.#wake();
  }

  /** @throws what failed */
  async wait(tickMs: number | undefined, signal: AbortSignal): Promise<void> {
    if (!this.#pending && this.#failure === undefined) await this.#sleep(tickMs, signal);
    await delay(settleMs, undefined, { signal });
    this.#pending = false;
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  #sleep(tickMs: number | undefined, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      const timer = tickMs === undefined ? undefined : setTimeout(done, tickMs);
      const cleanUp = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', aborted);
      };
      function done(): void {
        cleanUp();
        resolve();
      }
      function aborted(): void {
        cleanUp();
        reject(signal.reason as Error);
      }
      this.#wake = done;
      signal.addEventListener('abort', aborted);
    });
  }
}
