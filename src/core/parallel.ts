/**
 * Runs a task for each item, at most `limit` at once, and gives the results in the order of the items. The first failure
 * aborts the others, which are waited for, and is thrown.
 */
export async function inParallel<Item, Result>(
  items: readonly Item[],
  limit: number,
  task: (item: Item, signal: AbortSignal) => Promise<Result>,
  signal: AbortSignal,
): Promise<readonly Result[]> {
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const results = new Map<number, Result>();
  const failures: unknown[] = [];
  const queue = items.entries();
  const work = async (): Promise<void> => {
    for (const [index, item] of queue) {
      if (either.aborted) return;
      try {
        results.set(index, await task(item, either));
      } catch (error) {
        failures.push(error);
        stop.abort(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, work));
  signal.throwIfAborted();
  if (failures.length > 0) throw failures[0];
  return [...results].sort(([left], [right]) => left - right).map(([, result]) => result);
}
