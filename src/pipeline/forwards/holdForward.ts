import { rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { withLock } from '../../clients/files/lockFile';
import { isAbort, isUserError } from '../../core/errors';
import type { ForwardState } from '../../core/cluster';
import { openTarget, type Services } from '../services';
import { forwardFile, readForward, writeForward, type HeldForward } from './heldForwards';
import { forwardUnsupported } from './openForward';

/** How often a holder looks whether it is still wanted. */
const lookMs = 250;
const againMs = { first: 1000, most: 15_000 };
/** Another holder is there when the right to hold is not free by then. */
const rightMs = 2000;

type Open = (local: number, signal: AbortSignal) => AsyncIterable<ForwardState>;

/**
 * Holds a port of this machine that leads to a model, until the model is removed, somebody ends it, or the signal aborts.
 * A port that was held before is taken again. A second holder of the same model ends at once.
 * @throws UserError ModelNotFound, ForwardUnsupported
 */
export async function holdForward(
  services: Services,
  targetId: string,
  model: string,
  onChange: (forward: HeldForward) => void,
  signal: AbortSignal,
): Promise<void> {
  const target = await openTarget(services, targetId);
  const { holdForward: open } = target;
  if (open === undefined) throw forwardUnsupported(target);
  const file = forwardFile(services.home, target.id, model);
  const tell = async (state: ForwardState): Promise<void> => {
    const { phase, url, pod, reason } = state;
    const forward = { target: target.id, model, pid: process.pid, phase, url, pod };
    await writeForward(file, reason === undefined ? forward : { ...forward, reason });
    onChange(forward);
  };
  const right = new AbortController();
  const waiting = setTimeout(() => {
    right.abort();
  }, rightMs);
  const hold = async (): Promise<void> => {
    clearTimeout(waiting);
    await holdAlone(file, (local, inner) => open(model, local, inner), tell, signal);
  };
  try {
    await withLock(`${file}.lock`, hold, AbortSignal.any([signal, right.signal]));
  } catch (error) {
    if (!right.signal.aborted) throw error;
  } finally {
    clearTimeout(waiting);
  }
}

async function holdAlone(
  file: string,
  open: Open,
  tell: (state: ForwardState) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const before = await readForward(file);
  const stop = new AbortController();
  const inner = AbortSignal.any([signal, stop.signal]);
  let looking: Promise<void> | undefined;
  const onState = async (state: ForwardState): Promise<void> => {
    if (looking !== undefined && !(await isOurs(file))) return;
    await tell(state);
    looking ??= whileOurs(file, stop, inner);
  };
  try {
    await keepOpen(before === undefined ? 0 : portOf(before.url), open, onState, inner);
  } catch (error) {
    if (!isAbort(error) || signal.aborted) throw error;
  } finally {
    stop.abort();
    await looking;
    if (await isOurs(file)) await rm(file, { force: true });
    await rm(`${file}.log`, { force: true });
  }
}

/** Opens the way again where it broke, on the same port. Ends with the model. */
async function keepOpen(
  port: number,
  open: Open,
  onState: (state: ForwardState) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  let last: ForwardState | undefined;
  for (let failures = 0; ; failures++) {
    try {
      for await (const state of open(last === undefined ? port : portOf(last.url), signal)) {
        last = state;
        failures = 0;
        await onState(state);
      }
      return;
    } catch (error) {
      signal.throwIfAborted();
      if (last === undefined || !isUserError(error)) throw error;
      if (error.code === 'ModelNotFound') return;
      await onState({ phase: 'reconnecting', url: last.url, pod: undefined, reason: error.message });
    }
    await delay(Math.min(againMs.most, againMs.first * 2 ** failures), undefined, { signal });
  }
}

async function whileOurs(file: string, stop: AbortController, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && (await isOurs(file))) await delay(lookMs, undefined, { signal }).catch(() => undefined);
  stop.abort();
}

async function isOurs(file: string): Promise<boolean> {
  return (await readForward(file))?.pid === process.pid;
}

function portOf(url: string): number {
  return Number(new URL(url).port);
}
