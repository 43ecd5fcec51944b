import { setTimeout as delay } from 'node:timers/promises';
import type { Daemon } from './machine';

const startMs = 120_000;

/** Asks until the answer is true. @throws Error with the last words of a program that ended, or of all when time is up */
export async function until(what: string, daemons: readonly Daemon[], ask: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + startMs;
  while (!(await ask())) {
    const ended = daemons.map((one) => one.problem()).find((problem) => problem !== undefined);
    if (ended !== undefined) throw new Error(ended);
    if (performance.now() > deadline) {
      const words = daemons.map((one) => `${one.name}:\n${one.lastWords()}`);
      throw new Error(`${what}: not within ${startMs / 1000} s\n${words.join('\n')}`);
    }
    await delay(50);
  }
}

/** Whether an object's condition of that type is met. */
export function isTrue(object: unknown, type: string): boolean {
  const { conditions = [] } = (object as { status?: { conditions?: readonly Condition[] } } | undefined)?.status ?? {};
  return conditions.some((one) => one.type === type && one.status === 'True');
}

interface Condition {
  readonly type: string;
  readonly status: string;
}
