import type { DeployedModel } from '../core/deployment';
import { UserError } from '../core/errors';
import type { Target } from '../core/target';

/**
 * Uses a model at an address that this machine reaches: its endpoint, or a way that is opened to it and closed afterwards.
 * @throws UserError ModelNotReady
 */
export async function whileReachable<T>(
  target: Target,
  model: DeployedModel,
  signal: AbortSignal,
  use: (url: string) => Promise<T>,
): Promise<T> {
  if (target.forward === undefined || model.endpointIsInside !== true) {
    if (model.endpoint === undefined) throw new UserError('ModelNotReady', `${model.name} does not answer.`);
    return use(model.endpoint);
  }
  const forward = await target.forward(model.name, signal);
  try {
    return await use(forward.url);
  } finally {
    await forward.close();
  }
}
