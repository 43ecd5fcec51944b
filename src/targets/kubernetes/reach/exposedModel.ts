import { setTimeout as delay } from 'node:timers/promises';
import type { DeployedModel } from '../../../core/deployment';
import { ofModel } from '../names';
import { withAddresses } from './outside';
import { patiently } from '../patiently';
import { readSnapshot } from '../state/snapshot';
import { findModel } from '../state/state';
import type { Subject } from '../subject';

/** Nodes and load balancers learn of a Service a moment after its pods are ready. */
const longestMs = 6000;
const lookMs = 500;

/** A model with its address beyond the cluster; without that when it does not answer there soon. */
export async function exposedModel(
  { place, model, targetId }: Subject,
  signal: AbortSignal,
): Promise<DeployedModel | undefined> {
  for (const deadline = performance.now() + longestMs; ;) {
    const snapshot = await patiently(() => readSnapshot(place, ofModel(model), signal), signal);
    const found = findModel(snapshot, model, targetId);
    const [told] = await withAddresses(place, found === undefined ? [] : [found], snapshot, signal);
    if (told?.endpointProblem === undefined || performance.now() > deadline) return told;
    await delay(lookMs, undefined, { signal });
  }
}
