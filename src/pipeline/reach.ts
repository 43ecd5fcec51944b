import type { DeployedModel } from '../core/deployment';
import { needsKey } from '../core/exposure';
import { UserError } from '../core/errors';
import type { Target } from '../core/target';
import { withAddress } from './addressed';

/** Where a model answers, and what each request must bring. */
export interface Reached {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Uses a model at an address that this machine reaches: its endpoint, or a way that is opened to it and closed afterwards.
 * @throws UserError ModelNotReady
 */
export async function whileReachable<T>(
  target: Target,
  model: DeployedModel,
  signal: AbortSignal,
  use: (at: Reached) => Promise<T>,
): Promise<T> {
  const headers = await keyHeaders(target, model, signal);
  const { endpoint, endpointIsInside } = await withAddress(target, model, signal);
  if (target.forward === undefined || endpointIsInside !== true) {
    if (endpoint === undefined) throw new UserError('ModelNotReady', `${model.name} does not answer.`);
    return use({ url: endpoint, headers });
  }
  const forward = await target.forward(model.name, signal);
  try {
    return await use({ url: forward.url, headers });
  } finally {
    await forward.close();
  }
}

async function keyHeaders(
  target: Target,
  { name, exposure }: DeployedModel,
  signal: AbortSignal,
): Promise<Reached['headers']> {
  const key = needsKey(exposure) ? await target.key?.(name, signal) : undefined;
  return key === undefined ? {} : { authorization: `Bearer ${key}` };
}
