import { setTimeout as delay } from 'node:timers/promises';

/** Waits. @throws the signal's reason when aborted, where Node's own would throw an error about aborting */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}
