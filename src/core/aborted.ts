/**
 * Rejects with a signal's reason when it is aborted; for races.
 * @param over aborted when nobody waits any more
 */
export function aborted(signal: AbortSignal, over: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const abort = (): void => {
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', abort, { once: true, signal: over });
  });
}
