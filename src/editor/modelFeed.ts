import type { DeployedModel } from '../core/deployment';
import type { Target, TargetContext } from '../core/target';
import type { Services } from '../pipeline/services';
import { Feed } from './feed';

/** Every model of every target that can be reached. */
export type ModelFeed = Feed<Target, readonly DeployedModel[]>;

export function makeModelFeed(services: () => Promise<Services>): ModelFeed {
  return new Feed({
    discover: async (signal) => discoverTargets((await services()).context, signal),
    watch: (target, signal) => target.watchModels(signal),
  });
}

/** The targets of all kinds. */
export async function discoverTargets(context: TargetContext, signal: AbortSignal): Promise<readonly Target[]> {
  const { targetKinds } = await import('../targets');
  const found = await Promise.all(targetKinds.map(async (load) => (await load()).discover(context, signal)));
  return found.flat();
}

/** Reads every target once and gives the feed what was read. */
export async function readModels(
  feed: ModelFeed,
  services: Services,
  signal: AbortSignal,
): Promise<readonly { readonly target: Target; readonly model: DeployedModel }[]> {
  const targets = await discoverTargets(services.context, signal);
  const snapshots = await Promise.all(targets.map(async (source) => ({ source, value: await source.models(signal) })));
  feed.publish(snapshots);
  return snapshots.flatMap(({ source, value }) => value.map((model) => ({ target: source, model })));
}
