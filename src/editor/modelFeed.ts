import type { DeployedModel } from '../core/deployment';
import { isOutside } from '../core/exposure';
import type { Target, TargetContext } from '../core/target';
import { discoverTargets } from '../pipeline/discoverTargets';
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

/** The targets of all kinds that one can deploy to. */
export async function targetChoices(context: TargetContext, signal: AbortSignal): Promise<readonly Target[]> {
  const { targetKinds } = await import('../targets');
  const found = await Promise.all(targetKinds.map(async (load) => (await load()).choices(context, signal)));
  return found.flat();
}

/** A cluster behind a network that swallows everything must not hold up those that answer. */
const answerMs = 8000;

/**
 * Reads every target once and gives the feed what was read. A cluster that does not answer hides no other, and no model
 * is asked at its address beyond: what the feed knows of that stays.
 */
export async function readModels(
  feed: ModelFeed,
  services: Services,
  signal: AbortSignal,
): Promise<readonly { readonly target: Target; readonly model: DeployedModel }[]> {
  const targets = await discoverTargets(services.context, signal);
  const soon = AbortSignal.any([signal, AbortSignal.timeout(answerMs)]);
  const read = await Promise.allSettled(targets.map(async (source) => ({ source, value: await source.models(soon) })));
  const snapshots = read.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const failed = read.find((one) => one.status === 'rejected');
  if (snapshots.length === 0 && failed !== undefined) throw failed.reason;
  const known = snapshots.map(({ source, value }) => ({ source, value: keepAddresses(value, feed.valueOf(source)) }));
  feed.publish(known);
  return known.flatMap(({ source, value }) => value.map((model) => ({ target: source, model })));
}

function keepAddresses(
  models: readonly DeployedModel[],
  before: readonly DeployedModel[] = [],
): readonly DeployedModel[] {
  return models.map((model) => {
    const known = before.find(({ name }) => name === model.name);
    if (!isOutside(model.exposure) || model.endpoint === undefined || known?.endpoint === undefined) return model;
    const { endpoint, endpointIsInside = false, endpointProblem } = known;
    return { ...model, endpoint, endpointIsInside, ...(endpointProblem === undefined ? {} : { endpointProblem }) };
  });
}
