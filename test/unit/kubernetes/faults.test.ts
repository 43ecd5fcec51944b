import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { afterEach, describe, it } from 'node:test';
import { KubeClient, type KubeCall } from '../../../src/clients/kubernetes/client';
import { watchList, type Watched } from '../../../src/clients/kubernetes/watchList';
import { isUserError } from '../../../src/core/errors';
import { eventually } from '../../support/eventually';
import { fakeApiserver, fakeObject, sendEvent, sendJson, type FakeApiserver } from '../../support/fakeApiserver';

const path = '/api/v1/namespaces';
const list = (...names: readonly string[]) => ({
  metadata: { resourceVersion: '10' },
  items: names.map((name) => fakeObject(name)),
});
const expired = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version: 10 (20)' };

/** A client for which seconds of silence are hundredths. */
class Impatient extends KubeClient {
  override open(call: KubeCall, signal: AbortSignal) {
    return super.open({ ...call, silenceMs: (call.silenceMs ?? 30_000) / 100 }, signal);
  }
}

describe('A watched list whose server misbehaves', () => {
  let server: FakeApiserver | undefined;
  const stop = { controller: new AbortController() };
  let ended: Promise<unknown> = Promise.resolve();

  afterEach(async () => {
    stop.controller.abort();
    await ended.catch(() => undefined);
    stop.controller = new AbortController();
    await server?.stop();
    await eventually('no socket is left', 5, () => !process.getActiveResourcesInfo().includes('TCPSocketWrap'));
  });

  const serve = async (answer: (url: URL, response: ServerResponse) => void) => {
    server = await fakeApiserver((url, response) => {
      if (url.pathname === '/version') sendJson(response, 200, { gitVersion: 'v1' });
      else answer(url, response);
    });
    return server;
  };
  const follow = (client: KubeClient) => {
    const seen: { last: Watched<string> | undefined; names: readonly string[]; stales: number } = {
      last: undefined,
      names: [],
      stales: 0,
    };
    const { signal } = stop.controller;
    const run = async (): Promise<void> => {
      try {
        const what = { what: 'list namespaces', path };
        for await (const value of watchList(client, what, ({ metadata }) => metadata.name, signal)) {
          seen.last = value;
          seen.names = [...value.items.values()];
          if (value.stale !== undefined) seen.stales++;
        }
      } finally {
        client.dispose();
      }
    };
    ended = run();
    ended.catch(() => undefined);
    return seen;
  };
  const lists = (from: FakeApiserver): number => from.requests.filter((one) => one.startsWith(`${path}?limit`)).length;
  const watches = (from: FakeApiserver): number => from.requests.filter((one) => one.includes('watch=true')).length;

  it('reads the list again when the server has forgotten, told by an event or by an answer', async () => {
    let round = 0;
    const from = await serve((url, response) => {
      if (!url.searchParams.has('watch')) {
        sendJson(response, 200, list(`round-${round}`));
        return;
      }
      round++;
      if (round === 1) {
        response.writeHead(200);
        sendEvent(response, 'ERROR', expired);
        response.end();
      } else if (round === 2) sendJson(response, 410, expired);
      else response.writeHead(200).flushHeaders();
    });
    const seen = follow(new KubeClient(from.context));
    await eventually('the newest list is shown', 10, () => seen.names.join() === 'round-2');
    assert.equal(lists(from), 3);
    assert.equal(seen.stales, 0);
  });

  it('begins anew when a list that is read by pages is forgotten between two of them', async () => {
    let reads = 0;
    const from = await serve((url, response) => {
      if (url.searchParams.has('watch')) response.writeHead(200).flushHeaders();
      else if (url.searchParams.get('continue') === 'more' && reads === 1) sendJson(response, 410, expired);
      else if (url.searchParams.has('continue')) sendJson(response, 200, list('b'));
      else {
        reads++;
        const { metadata, items } = list('a');
        sendJson(response, 200, { items, metadata: { ...metadata, continue: 'more' } });
      }
    });
    const seen = follow(new KubeClient(from.context));
    await eventually('both pages are there', 10, () => seen.last?.complete === true);
    assert.deepEqual(seen.names, ['a', 'b']);
    assert.equal(reads, 2);
  });

  it('opens a watch again that stays silent, marks it old meanwhile, and loses nothing', async () => {
    const from = await serve((url, response) => {
      if (!url.searchParams.has('watch')) {
        sendJson(response, 200, list('a'));
        return;
      }
      response.writeHead(200).flushHeaders();
      if (watches(from) > 1) sendEvent(response, 'ADDED', fakeObject('b', '11'));
    });
    const seen = follow(new Impatient(from.context));
    await eventually('what was missed is there', 10, () => seen.names.join() === 'a,b');
    assert.ok(seen.stales > 0);
    assert.equal(seen.last?.stale, undefined);
    assert.equal(lists(from), 1);
  });

  it('goes on after words that are no event, and does not hurry', async () => {
    const from = await serve((url, response) => {
      if (!url.searchParams.has('watch')) sendJson(response, 200, list('a'));
      else response.writeHead(200).end(watches(from) < 3 ? '<html>Gateway\n' : '');
    });
    const seen = follow(new KubeClient(from.context));
    await eventually('it is told', 5, () => seen.stales > 0);
    await eventually('it is tried again', 10, () => watches(from) >= 2);
    assert.ok(watches(from) < 5);
  });

  it('waits as long as a server wants that is asked too much, all its lists together', async () => {
    const from = await serve((url, response) => {
      if (from.requests.length < 30 && performance.now() - startedAt < 2000)
        sendJson(response, 429, { kind: 'Status', code: 429, message: 'too many requests' }, { 'retry-after': '2' });
      else if (url.searchParams.has('watch')) response.writeHead(200).flushHeaders();
      else sendJson(response, 200, list('a'));
    });
    const startedAt = performance.now();
    const client = new KubeClient(from.context);
    const { signal } = stop.controller;
    const asked = Array.from({ length: 5 }, () => client.request({ what: 'list namespaces', path }, signal));
    await Promise.all(asked);
    // Those that were under way when the first refusal came, and each once more.
    assert.ok(from.requests.length <= 10, `${from.requests.length} requests`);
    assert.ok(performance.now() - startedAt >= 1900);
    client.dispose();
  });

  it('goes on when the server is gone while it waits as it was told', async () => {
    let refused = 0;
    server = await fakeApiserver((url, response) => {
      if (url.pathname === '/version') {
        if (refused === 1) response.socket?.destroy();
        else sendJson(response, 200, { gitVersion: 'v1' });
      } else if (!url.searchParams.has('watch')) sendJson(response, 200, list('a'));
      else if (refused++ > 0) response.writeHead(200).flushHeaders();
      else sendJson(response, 429, { kind: 'Status', code: 429 }, { 'retry-after': '5' });
    });
    const from = server;
    const seen = follow(new KubeClient(from.context));
    await eventually('it is watched', 20, () => watches(from) >= 2 && seen.last?.stale === undefined);
    assert.deepEqual(seen.names, ['a']);
  });

  it('is told when a server wants a long rest, which nothing disturbs', async () => {
    const from = await serve((_url, response) => {
      sendJson(response, 429, { kind: 'Status', code: 429 }, { 'retry-after': '60' });
    });
    const client = new KubeClient(from.context);
    const ask = (signal: AbortSignal) => client.request({ what: 'list namespaces', path }, signal);
    await assert.rejects(
      ask(stop.controller.signal),
      (error: unknown) => isUserError(error) && error.code === 'KubernetesBusy',
    );
    await assert.rejects(ask(AbortSignal.timeout(300)), { name: /AbortError|TimeoutError/ });
    assert.equal(from.requests.length, 1);
    client.dispose();
  });

  it('shows an object with a megabyte of annotations as quickly as another', async () => {
    const metadata = { annotations: { big: 'x'.repeat(1_000_000) } };
    const events = Array.from({ length: 20 }, (_, index) => {
      const object = fakeObject('big', String(11 + index), { metadata });
      return Buffer.from(`${JSON.stringify({ type: 'MODIFIED', object })}\n`);
    });
    const from = await serve((url, response) => {
      if (!url.searchParams.has('watch')) sendJson(response, 200, list('a'));
      else {
        response.writeHead(200);
        for (const event of events) response.write(event);
      }
    });
    const late = watchLateness();
    const seen = follow(new KubeClient(from.context));
    await eventually('it is there', 10, () => seen.names.includes('big'));
    const most = late.stop();
    assert.ok(most < 200, `nothing else is held up: ${most} ms`);
  });
});

/** How late timers were at the most, in milliseconds. */
function watchLateness(): { stop(): number } {
  let last = performance.now();
  let most = 0;
  const timer = setInterval(() => {
    const now = performance.now();
    most = Math.max(most, now - last - 10);
    last = now;
  }, 10);
  return {
    stop: () => {
      clearInterval(timer);
      return most;
    },
  };
}
