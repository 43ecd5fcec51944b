import type { DeployedModel } from '../core/deployment';
import type { Target } from '../core/target';

/** The models of a target with the addresses at which they answer, to be shown. */
export async function addressedModels(target: Target, signal: AbortSignal): Promise<readonly DeployedModel[]> {
  const models = await target.models(signal);
  return (await target.addressed?.(models, signal)) ?? models;
}

/** A model of a target with the address at which it answers, to be shown or used; undefined where there is none of that name. */
export async function addressedModel(
  target: Target,
  name: string,
  signal: AbortSignal,
): Promise<DeployedModel | undefined> {
  const model = (await target.models(signal)).find((one) => one.name === name);
  return model && withAddress(target, model, signal);
}

/** The model with the address at which it answers. */
export async function withAddress(target: Target, model: DeployedModel, signal: AbortSignal): Promise<DeployedModel> {
  const [told] = (await target.addressed?.([model], signal)) ?? [];
  return told ?? model;
}
