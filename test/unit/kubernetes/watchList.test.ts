import assert from 'node:assert/strict';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { clientFor } from '../../../src/clients/kubernetes/pool';
import { watchList, type Watched } from '../../../src/clients/kubernetes/watchList';
import type { WatchedList } from '../../../src/clients/kubernetes/watchStream';

/** Objects that the server has, and how long each is. */
const total = 700;
const objectLength = 20_000;
/** Objects that come at once, which are some megabytes. */
const stormLength = 400;

describe('a list that is read and followed', () => {
  const asked: URL[] = [];
  /** Whether much changes at once as soon as changes are asked for. */
  let isStormy = false;
  const server = http.createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    if (url.pathname === '/version') response.end('{}');
    else if (url.searchParams.has('watch')) {
      response.flushHeaders();
      if (isStormy) response.write(storm());
    } else {
      asked.push(url);
      assert.equal(request.headers['accept-encoding'], 'gzip');
      response.setHeader('content-encoding', 'gzip');
      response.end(gzipSync(JSON.stringify(pageOf(url.searchParams))));
    }
  });
  before(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  /** Reads until `isEnough`. @returns how many objects there were then */
  async function read(
    list: Partial<WatchedList>,
    isEnough = ({ complete }: Watched<string>): boolean => complete,
  ): Promise<number> {
    asked.length = 0;
    const { port } = server.address() as AddressInfo;
    const cluster = { name: 'c', server: `http://127.0.0.1:${port}`, skipTLSVerify: false };
    const context = { name: 'c', file: 'config', line: 1, namespace: undefined, cluster, user: { name: 'u' } };
    const client = clientFor(context);
    const reading = new AbortController();
    const whole = { what: 'list things', path: '/api/v1/things', ...list };
    try {
      for await (const value of watchList(client, whole, ({ metadata }) => metadata.name, reading.signal))
        if (isEnough(value)) return value.items.size;
    } finally {
      reading.abort();
      client.dispose();
    }
    return 0;
  }

  it('comes in pages that are short where objects are long', async () => {
    assert.equal(await read({}), total);
    const sizes = asked.map(({ searchParams }) => Number(searchParams.get('limit')));
    assert.equal(sizes[0], 100);
    assert.ok(
      sizes.slice(1).every((size) => size >= 30 && size <= 40),
      sizes.join(' '),
    );
  });

  it('is asked for once where the server has it in memory', async () => {
    assert.equal(await read({ fromMemory: true, query: { fieldSelector: 'spec.nodeName=a' } }), total);
    assert.equal(asked.length, 1);
    const query = Object.fromEntries(asked[0]?.searchParams ?? []);
    assert.deepEqual(query, { fieldSelector: 'spec.nodeName=a', resourceVersion: '0' });
  });

  it('lets others have their turn while much changes at once', async () => {
    let turn = 0;
    const turns = setInterval(() => turn++, 0);
    const values = new Map<number, number>();
    isStormy = true;
    await read({ fromMemory: true }, ({ items }) => {
      values.set(turn, (values.get(turn) ?? 0) + 1);
      return items.has(`new-${stormLength - 1}`);
    });
    isStormy = false;
    clearInterval(turns);
    assert.ok(values.size > 20, `${[...values.values()].join(' ')} values in ${values.size} turns`);
  });
});

function storm(): string {
  const lines = Array.from({ length: stormLength }, (_, index) => {
    const name = `new-${index}`;
    const object = { metadata: { name, uid: name, resourceVersion: '2' }, text: 'x'.repeat(objectLength) };
    return JSON.stringify({ type: 'ADDED', object });
  });
  return `${lines.join('\n')}\n`;
}

function pageOf(query: URLSearchParams): unknown {
  const start = Number(query.get('continue') ?? 0);
  const end = Math.min(start + Number(query.get('limit') ?? total), total);
  const items = Array.from({ length: end - start }, (_, index) => {
    const name = `thing-${start + index}`;
    return { metadata: { name, uid: name, resourceVersion: '1' }, text: 'x'.repeat(objectLength) };
  });
  return { metadata: { resourceVersion: '1', ...(end < total ? { continue: String(end) } : {}) }, items };
}
