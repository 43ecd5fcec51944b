import { setTimeout as delay } from 'node:timers/promises';
import { listenForPods } from '../../../clients/kubernetes/portForward';
import { UserError } from '../../../core/errors';
import { container, portName } from '../names';
import { isPodReady, type Pod } from '../objects';
import { patiently } from '../patiently';
import type { Place } from '../place';

/** A kubelet looks at the Secrets of its pods every 60 to 90 seconds. */
const longestMs = 180_000;
const lookMs = 1000;
const answerMs = 5000;

interface Wanted {
  readonly model: string;
  readonly key: string;
  readonly pods: () => Promise<readonly Pod[]>;
}

/** Waits until every replica takes a key. @throws UserError KeyNotTaken */
export async function untilKnown(place: Place, { model, key, pods }: Wanted, signal: AbortSignal): Promise<void> {
  let pod: Pod | undefined;
  const { namespace, client } = place;
  const local = await listenForPods(client, () =>
    Promise.resolve({ namespace, pod: pod?.metadata.name ?? '', port: portOf(pod) }),
  );
  const known = new Set<string>();
  try {
    for (const deadline = performance.now() + longestMs; ;) {
      const waiting = (await patiently(pods, signal)).filter((one) => isPodReady(one) && !known.has(one.metadata.uid));
      for (pod of waiting) if ((await statusWith(local.url, key, signal)) === 200) known.add(pod.metadata.uid);
      const left = waiting.filter((one) => !known.has(one.metadata.uid)).length;
      if (left === 0) return;
      if (performance.now() > deadline) throw notTaken(model, left);
      await delay(lookMs, undefined, { signal });
    }
  } finally {
    await local.close();
  }
}

/** Whether a model refuses whoever brings no key. Undefined when it did not answer. */
export async function refusesStrangers(url: string, signal: AbortSignal): Promise<boolean | undefined> {
  const status = await statusWith(url, undefined, signal);
  return status === undefined ? undefined : status === 401;
}

/** Status of what needs a key everywhere and nothing else. Undefined when there was no answer. */
async function statusWith(url: string, key: string | undefined, signal: AbortSignal): Promise<number | undefined> {
  try {
    const response = await fetch(`${url}/v2`, {
      headers: { connection: 'close', ...(key === undefined ? {} : { authorization: `Bearer ${key}` }) },
      signal: AbortSignal.any([signal, AbortSignal.timeout(answerMs)]),
    });
    await response.arrayBuffer();
    // An app of the user's has nothing there, and says so to whoever is let in.
    return response.status === 401 ? 401 : 200;
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}

function portOf(pod: Pod | undefined): number {
  const ports = pod?.spec?.containers?.find((one) => one.name === container)?.ports ?? [];
  return ports.find((one) => one.name === portName)?.containerPort ?? 0;
}

function notTaken(model: string, left: number): UserError {
  const who = left === 1 ? 'One replica' : `${String(left)} replicas`;
  return new UserError('KeyNotTaken', `The key of ${model} was changed, and ${who} still asks for the one before.`, {
    remedy: { kind: 'hint', label: `Replace the replicas: slipway restart ${model}` },
  });
}
