import type { Target, TargetContext } from '../core/target';

/** The targets of all kinds that have models, or had. Their code is loaded for it. */
export async function discoverTargets(context: TargetContext, signal: AbortSignal): Promise<readonly Target[]> {
  const { targetKinds } = await import('../targets');
  const found = await Promise.all(targetKinds.map(async (load) => (await load()).discover(context, signal)));
  return found.flat();
}
