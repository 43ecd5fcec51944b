import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { it } from 'node:test';
import type { KubeContext } from '../../src/clients/kubernetes';
import type { CountRequest, CountResult } from './logCounter';

const most = 16 * 1024 * 1024;

/**
 * Asserts that a model that writes ten thousand lines a second is heard whole, by a reader whose memory does not grow.
 * @param pour starts the model
 */
export function itHearsAllThatIsPoured(
  about: () => { readonly context: KubeContext; readonly pour: (name: string) => Promise<void> },
): void {
  it('lose and repeat nothing of ten thousand lines a second, with memory that does not grow', async () => {
    const { context, pour } = about();
    await pour('pours');
    const execArgv = [...process.execArgv, '--expose-gc', '--max-old-space-size=128'];
    const child = fork(path.join(import.meta.dirname, 'logCounter.ts'), { execArgv });
    const over = new AbortController();
    child.once('exit', () => {
      over.abort(new Error('the reader ended'));
    });
    try {
      child.send({ context, namespace: 'talk', model: 'pours' } satisfies CountRequest);
      const signal = AbortSignal.any([over.signal, AbortSignal.timeout(90_000)]);
      const [result] = (await once(child, 'message', { signal })) as [CountResult];
      assert.deepEqual([result.ticks, result.broken, result.gaps], [100_000, undefined, 0]);
      const seconds = Number(/^end after ([\d.]+) s$/.exec(result.end)?.[1]);
      assert.ok(seconds < 20, `it took ${String(seconds)} s to write them`);
      const [first = 0, ...later] = result.heaps;
      assert.equal(later.length, 4);
      assert.ok(Math.max(...later) - first < most, result.heaps.join(', '));
    } finally {
      child.kill('SIGKILL');
    }
  });
}
