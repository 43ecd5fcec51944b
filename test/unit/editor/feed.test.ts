import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Feed } from '../../../src/editor/feed';

/** A stream that tests push into; it ends when its signal is aborted, breaks on demand, and counts how often it was opened. */
class Stream {
  opened = 0;
  open = 0;
  #push: (value: number | Error) => void = () => undefined;

  async *watch(signal: AbortSignal): AsyncGenerator<number> {
    this.opened++;
    this.open++;
    const queue: (number | Error)[] = [];
    let wake: () => void = () => undefined;
    this.#push = (value) => {
      queue.push(value);
      wake();
    };
    signal.addEventListener('abort', () => {
      wake();
    });
    try {
      for (;;) {
        const next = queue.shift();
        if (signal.aborted) return;
        if (next instanceof Error) throw next;
        if (next !== undefined) yield next;
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
    } finally {
      this.open--;
    }
  }

  push(value: number | Error): void {
    this.#push(value);
  }
}

const feedOf = (stream: Stream): Feed<{ readonly id: string }, number> =>
  new Feed({
    discover: () => Promise.resolve([{ id: 'a' }]),
    watch: (_source, signal) => stream.watch(signal),
    backoff: { firstMs: 1, mostMs: 4 },
  });

async function until(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!holds()) {
    assert.ok(Date.now() < deadline, 'the condition never held');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('feed', () => {
  it('opens nothing before it is held, and closes when the last holder lets go', async () => {
    const stream = new Stream();
    const feed = feedOf(stream);
    assert.equal(stream.opened, 0);
    const [one, two] = [feed.hold(), feed.hold()];
    await until(() => stream.open === 1);
    one.dispose();
    one.dispose();
    assert.equal(stream.open, 1);
    two.dispose();
    await until(() => stream.open === 0);
    assert.equal(stream.opened, 1);
  });

  it('tells of every snapshot and is loaded after the first', async () => {
    const stream = new Stream();
    const feed = feedOf(stream);
    let told = 0;
    feed.onChange(() => told++);
    const held = feed.hold();
    await until(() => stream.open === 1);
    assert.equal(feed.loaded, false);
    stream.push(1);
    await until(() => feed.loaded);
    stream.push(2);
    await until(() => feed.entries[0]?.value === 2);
    assert.ok(told >= 3);
    held.dispose();
  });

  it('opens a broken stream again and shows meanwhile what was last seen as old', async () => {
    const stream = new Stream();
    const feed = feedOf(stream);
    const broken: unknown[] = [];
    feed.onChange(() => broken.push(feed.entries[0]?.broken?.message));
    const held = feed.hold();
    await until(() => stream.open === 1);
    stream.push(7);
    await until(() => feed.entries[0]?.value === 7);
    stream.push(new Error('cut'));
    await until(() => broken.includes('cut'));
    assert.equal(feed.entries[0]?.value, 7);
    await until(() => stream.opened === 2 && stream.open === 1);
    stream.push(8);
    await until(() => feed.entries[0]?.value === 8);
    assert.equal(feed.entries[0].broken, undefined);
    held.dispose();
    await until(() => stream.open === 0);
  });

  it('keeps the last snapshot between two holders', async () => {
    const stream = new Stream();
    const feed = feedOf(stream);
    const first = feed.hold();
    await until(() => stream.open === 1);
    stream.push(5);
    await until(() => feed.loaded);
    first.dispose();
    await until(() => stream.open === 0);
    const second = feed.hold();
    await until(() => stream.open === 1);
    assert.equal(feed.entries[0]?.value, 5);
    second.dispose();
  });
});
