import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Cluster, ClusterRow, ClusterRows } from '../../../src/core/cluster';
import { UserError } from '../../../src/core/errors';
import { ClusterStore } from '../../../src/editor/explorer/clusterStore';
import { eventually } from '../../support/eventually';

const namespace = (id: string): ClusterRow => ({ kind: 'namespace', id, name: id, phase: 'Active', named: false });
const rows = (...all: readonly ClusterRow[]): ClusterRows => ({ rows: all, complete: true });

/** A cluster whose rows the test decides, and that counts who watches it. */
function makeCluster(id: string, revision = '1') {
  const open = new Map<string, (value: ClusterRows | Error) => void>();
  const watched: string[] = [];
  const cluster: Cluster = {
    id,
    displayName: id,
    opensAtOnce: false,
    revision,
    watch: async function* (row, signal) {
      const key = row?.id ?? '';
      watched.push(key);
      const queue: (ClusterRows | Error)[] = [];
      let wake: () => void = () => undefined;
      signal.addEventListener('abort', () => {
        wake();
      });
      open.set(key, (value) => {
        queue.push(value);
        wake();
      });
      try {
        while (!signal.aborted) {
          const next = queue.shift();
          if (next instanceof Error) throw next;
          if (next !== undefined) yield next;
          else await new Promise<void>((resolve) => (wake = resolve));
        }
      } finally {
        open.delete(key);
      }
    },
  };
  return { cluster, open, watched };
}

async function opened(store: ClusterStore, made: ReturnType<typeof makeCluster>): Promise<void> {
  await store.ready();
  const loading = store.load('c');
  await eventually('it is watched', 2, () => made.open.has(''));
  made.open.get('')?.(rows(namespace('a'), namespace('b')));
  await loading;
}

describe('what the Clusters view shows', () => {
  it('is watched only where it is open, and only while somebody looks', async () => {
    const made = makeCluster('c');
    const store = new ClusterStore({ discover: () => Promise.resolve([made.cluster]) });
    assert.equal(store.loaded, false);
    const held = store.hold();
    await store.ready();
    assert.deepEqual(made.watched, []);
    await opened(store, made);
    void store.load('c/a');
    await eventually('the row is watched', 2, () => made.open.has('a'));
    held.dispose();
    await eventually('nothing is watched', 2, () => made.open.size === 0);
    assert.equal(store.below('c')?.value?.rows.length, 2);
    const again = store.hold();
    await eventually('both are watched again', 2, () => made.open.size === 2);
    store.close('c');
    await eventually('what stood below is closed, too', 2, () => made.open.size === 0);
    again.dispose();
  });

  it('closes a row that is gone, and keeps its place in the list of another', async () => {
    const made = makeCluster('c');
    const store = new ClusterStore({ discover: () => Promise.resolve([made.cluster]) });
    store.hold();
    await opened(store, made);
    void store.load('c/a');
    await eventually('the row is watched', 2, () => made.open.has('a'));
    made.open.get('')?.(rows(namespace('b')));
    await eventually('it is not watched any more', 2, () => !made.open.has('a'));
    assert.equal(store.below('c/a'), undefined);
    store.dispose();
  });

  it('gives up where asking again does not help, and goes on by itself where it does', async () => {
    const made = makeCluster('c');
    const backoff = { firstMs: 5, mostMs: 5 };
    const store = new ClusterStore({ discover: () => Promise.resolve([made.cluster]), backoff });
    const held = store.hold();
    await opened(store, made);
    made.open.get('')?.(new Error('cut'));
    await eventually('it is opened again', 2, () => made.watched.length === 2);
    assert.equal(store.below('c')?.value?.stale?.message, 'cut');
    assert.equal(store.below('c')?.value?.rows.length, 2);
    made.open.get('')?.(rows(namespace('a')));
    await eventually('it is not old any more', 2, () => store.below('c')?.value?.stale === undefined);
    void store.load('c/a');
    await eventually('the row is watched', 2, () => made.open.has('a'));
    made.open.get('a')?.(new UserError('KubernetesForbidden', 'You may not.'));
    await eventually('that is told', 2, () => store.below('c/a')?.problem !== undefined);
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.deepEqual(made.watched, ['', '', 'a']);
    held.dispose();
  });

  it('opens again what is reached in another way, and closes what is gone', async () => {
    const first = makeCluster('c');
    const second = makeCluster('c', '2');
    let found: readonly Cluster[] = [first.cluster];
    let changed: () => void = () => undefined;
    const store = new ClusterStore({
      doubtMs: 20,
      discover: () => Promise.resolve(found),
      onConfiguration: (listener) => {
        changed = listener;
        return { dispose: () => undefined };
      },
    });
    const held = store.hold();
    await opened(store, first);
    found = [second.cluster];
    changed();
    await eventually('the new one is watched', 2, () => second.open.has('') && !first.open.has(''));
    found = [];
    changed();
    await eventually('nothing is watched', 2, () => second.open.size === 0);
    assert.equal(store.below('c'), undefined);
    held.dispose();
  });

  it('keeps what it has while a file is written, and believes a file that stays as it is', async () => {
    const made = makeCluster('c');
    const broken: Cluster = {
      ...makeCluster('broken').cluster,
      problem: { message: 'The file is no valid YAML', file: 'config' },
    };
    let found: readonly Cluster[] = [made.cluster];
    let changed: () => void = () => undefined;
    const store = new ClusterStore({
      doubtMs: 200,
      discover: () => Promise.resolve(found),
      onConfiguration: (listener) => {
        changed = listener;
        return { dispose: () => undefined };
      },
    });
    const held = store.hold();
    await opened(store, made);
    const shown: string[] = [];
    store.onChange(() => shown.push(store.clusters.map(({ id }) => id).join()));
    for (const half of [[], [broken]]) {
      found = half;
      changed();
      await new Promise((resolve) => setTimeout(resolve, 20));
      found = [made.cluster];
      changed();
    }
    await eventually('the whole file is read', 2, () => shown.length > 0);
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.deepEqual([...new Set(shown)], ['c']);
    assert.ok(made.open.has(''), 'it is watched all the time');
    assert.deepEqual(made.watched, ['']);
    found = [broken];
    changed();
    await eventually('what is broken for good is told', 2, () => store.clusters[0]?.problem !== undefined);
    held.dispose();
    await eventually('nothing is watched', 2, () => made.open.size === 0);
  });
});
