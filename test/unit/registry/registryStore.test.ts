import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ImageTag, ListPage } from '../../../src/core/registry';
import { RegistryStore } from '../../../src/editor/registry/registryStore';

const image = (tag: string): ImageTag => ({ tag, digest: `sha256:${tag}`, layers: [] });

interface Bench {
  readonly store: RegistryStore;
  readonly asked: string[];
  fail(message: string): void;
  tags: readonly string[];
}

/** A registry with one repository of two pages of tags; `fail` makes the next answer an error. */
function registry(): Bench {
  const asked: string[] = [];
  let failure: string | undefined;
  const answer = async <Item>(question: string, page: () => ListPage<Item>): Promise<ListPage<Item>> => {
    asked.push(question);
    await Promise.resolve();
    if (failure === undefined) return page();
    const message = failure;
    failure = undefined;
    throw new Error(message);
  };
  const bench: Bench = {
    asked,
    tags: ['one', 'two'],
    fail: (message: string) => {
      failure = message;
    },
    store: new RegistryStore({
      hosts: () => Promise.resolve(['a.example', 'b.example']),
      reader: () =>
        Promise.resolve({
          repositories: (host) => answer(host, () => ({ items: [{ name: 'iris' }] })),
          tags: (_host, name, next) =>
            answer(`${name} ${next ?? 'first'}`, () => {
              const [first = '', second = ''] = bench.tags;
              return next === undefined ? { items: [image(first)], next: 'page 2' } : { items: [image(second)] };
            }),
        }),
    }),
  };
  return bench;
}

function tagsOf(store: RegistryStore): readonly string[] {
  return store.registries[0]?.repositories.items[0]?.tags.items.map((one) => one.tag) ?? [];
}

async function opened(): Promise<Bench> {
  const bench = registry();
  bench.store.hold();
  await new Promise<void>((resolve) => {
    bench.store.onChange(resolve);
  });
  return bench;
}

describe('the store of registries', () => {
  it('asks nothing before a row is opened, then each thing once', async () => {
    const { store, asked } = await opened();
    assert.deepEqual(asked, []);
    assert.deepEqual(
      store.registries.map((one) => one.host),
      ['a.example', 'b.example'],
    );
    await Promise.all([store.load('a.example'), store.load('a.example')]);
    await store.load('a.example');
    assert.deepEqual(asked, ['a.example']);
  });

  it('reads tags page by page', async () => {
    const { store, asked } = await opened();
    await store.load('a.example');
    await store.load('a.example/iris');
    assert.deepEqual(tagsOf(store), ['one']);
    await store.loadMore('a.example/iris');
    await store.loadMore('a.example/iris');
    assert.deepEqual(tagsOf(store), ['one', 'two']);
    assert.deepEqual(asked, ['a.example', 'iris first', 'iris page 2']);
  });

  it('reads again what was read, and nothing else', async () => {
    const bench = await opened();
    const { store, asked } = bench;
    await store.load('a.example');
    await store.load('a.example/iris');
    asked.length = 0;
    bench.tags = ['three', 'four'];
    await store.refresh();
    assert.deepEqual(asked, ['a.example', 'iris first']);
    assert.deepEqual(tagsOf(store), ['three']);
  });

  it('keeps what it showed when the registry fails, says why, and recovers', async () => {
    const bench = await opened();
    const { store } = bench;
    await store.load('a.example');
    await store.load('a.example/iris');
    bench.fail('It is down.');
    await store.refresh();
    assert.equal(store.registries[0]?.repositories.problem, 'It is down.');
    assert.deepEqual(tagsOf(store), ['one']);
    await store.refresh();
    assert.equal(store.registries[0].repositories.problem, undefined);
  });
});
