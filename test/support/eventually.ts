import { setTimeout as delay } from 'node:timers/promises';

/**
 * Asks until the answer is true, at most `seconds`.
 * @throws Error that names what did not come about
 */
export async function eventually(what: string, seconds: number, ask: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + seconds * 1000;
  while (!(await ask())) {
    if (performance.now() > deadline) throw new Error(`${what}: not within ${seconds} s`);
    await delay(25);
  }
}
