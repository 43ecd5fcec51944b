import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { sha256 } from '../../src/clients/registry/blob';
import { isAbort } from '../../src/core/errors';
import { eventually } from '../support/eventually';
import { failure } from '../support/failure';
import { pass, type Fault, type SeenRequest } from '../support/faultProxy';
import { closedPort } from '../support/ports';
import { blobBytes, openPushBench, type PushBench } from './pushing';

let bench: PushBench;
before(async () => {
  bench = await openPushBench();
});
after(async () => {
  await bench.close();
});

const isUpload = ({ method }: SeenRequest): boolean => method === 'PUT' || method === 'PATCH';
const isLayerUpload = (request: SeenRequest): boolean => isUpload(request) && request.path.includes('/uploads/');

/** The fault for the first `times` requests of a kind, the rest pass. */
function firstTimes(
  times: number,
  which: (request: SeenRequest) => boolean,
  fault: Fault,
): (request: SeenRequest) => Fault {
  let left = times;
  return (request) => (which(request) && left-- > 0 ? fault : pass);
}

describe('a push over a network with faults', { timeout: 5 * 60_000 }, () => {
  const mended: Readonly<Record<string, () => (request: SeenRequest) => Fault>> = {
    'nothing fails': () => () => pass,
    'the registry fails in the middle of an upload': () =>
      firstTimes(2, isLayerUpload, { kind: 'answer', status: 500 }),
    'an upload cannot be started': () =>
      firstTimes(2, ({ method }) => method === 'POST', { kind: 'answer', status: 503 }),
    'the connection is cut in an upload': () => firstTimes(3, isLayerUpload, { kind: 'cut', afterBytes: 1_000_000 }),
    'every connection is cut after 700 kB': () => (request) =>
      isLayerUpload(request) ? { kind: 'cut', afterBytes: 700_000 } : pass,
    'every third request is cut, if it sends something': () => (request) =>
      request.number % 3 === 0 && ['PATCH', 'PUT'].includes(request.method) ? { kind: 'cut', afterBytes: 0 } : pass,
    'the answer to an upload is lost': () => firstTimes(2, isLayerUpload, { kind: 'loseAnswer' }),
    'the answer to the manifest is lost': () =>
      firstTimes(1, (request) => request.path.includes('/manifests/'), { kind: 'loseAnswer' }),
    'every tenth request fails': () => (request) =>
      request.number % 10 === 0 ? { kind: 'answer', status: 502 } : pass,
  };
  for (const [name, decide] of Object.entries(mended)) {
    it(`arrives when ${name}`, async () => {
      let shown = 0;
      const pushed = await bench.push(decide(), {
        onBytes: (bytes) => {
          shown += bytes;
        },
      });
      await bench.assertComplete(pushed);
      assert.ok(shown >= blobBytes - 1 && shown < blobBytes + 10_000, `progress said ${shown} bytes`);
    });
  }

  const inChunks: Readonly<Record<string, () => (request: SeenRequest) => Fault>> = {
    'nothing fails': () => () => pass,
    'every tenth chunk is cut': () => {
      let chunks = 0;
      return (request) => (isLayerUpload(request) && ++chunks % 10 === 0 ? { kind: 'cut', afterBytes: 1000 } : pass);
    },
    'the registry takes no chunks': () => (request) =>
      request.method === 'PATCH' ? { kind: 'answer', status: 405 } : pass,
    'every fifth chunk is refused before it is sent': () => {
      let chunks = 0;
      return (request) => (request.method === 'PATCH' && ++chunks % 5 === 0 ? { kind: 'answer', status: 503 } : pass);
    },
  };
  for (const [name, decide] of Object.entries(inChunks)) {
    it(`arrives in chunks when ${name}`, async () => {
      const pushed = await bench.push(decide(), { chunkBytes: 250_000 });
      await bench.assertComplete(pushed);
      assert.ok(pushed.proxy.requests.filter(({ method }) => method === 'PATCH').length >= 2);
    });
  }

  it('waits as long as a busy registry asks', async () => {
    const started = performance.now();
    const busy: Fault = { kind: 'answer', status: 429, headers: { 'retry-after': '1' } };
    await bench.assertComplete(await bench.push(firstTimes(2, ({ method }) => method === 'POST', busy)));
    assert.ok(performance.now() - started >= 1900);
  });

  const refusals: readonly (readonly [number, string, RegExp])[] = [
    [401, 'RegistryUnauthorized', /does not accept the credentials/],
    [403, 'RegistryDenied', /does not allow you to push/],
    [404, 'ImageNotFound', /nothing under that name/],
    [413, 'RegistryTooLarge', /refuses requests of that size/],
    [418, 'RegistryFailed', /answered 418/],
  ];
  for (const [status, code, message] of refusals) {
    it(`ends with ${code} when the registry answers ${status}, and leaves no tag`, async () => {
      const isStart = ({ method }: SeenRequest): boolean => (status === 413 ? method === 'PUT' : method === 'POST');
      const action = bench.push((request) => (isStart(request) ? { kind: 'answer', status } : pass));
      await failure(action, code, message);
      assert.equal(await bench.lastTags(), null);
    });
  }

  it('gives up on a registry that always fails, and leaves no tag', async () => {
    await failure(
      bench.push((request) => (isLayerUpload(request) ? { kind: 'answer', status: 500 } : pass)),
      'UploadFailed',
      /answered 500/,
    );
    assert.equal(await bench.lastTags(), null);
  });

  it('says that nobody listens', async () => {
    await failure(bench.pushTo(`127.0.0.1:${await closedPort()}`, 'a'), 'RegistryUnreachable', /ECONNREFUSED/);
  });

  it('is cancelled in the middle of an upload and leaves no tag', async () => {
    const controller = new AbortController();
    let sent = 0;
    const onBytes = (bytes: number): void => {
      sent += bytes;
      if (sent > blobBytes / 4) controller.abort();
    };
    const outcome = await bench
      .push(() => pass, { signal: controller.signal, onBytes })
      .catch((error: unknown) => error);
    assert.ok(isAbort(outcome), String(outcome));
    assert.equal(await bench.lastTags(), null);
  });

  it('arrives over a slow line', async () => {
    const slow: Fault = { kind: 'trickle', bytesPerSecond: 4_000_000 };
    const started = performance.now();
    await bench.assertComplete(await bench.push((request) => (isLayerUpload(request) ? slow : pass)));
    assert.ok(performance.now() - started > 1000);
  });

  it('is cancelled at once over a slow line, and leaves no tag', async () => {
    const controller = new AbortController();
    const slow: Fault = { kind: 'trickle', bytesPerSecond: 20_000 };
    const pushing = bench
      .push((request) => (isLayerUpload(request) ? slow : pass), { signal: controller.signal })
      .catch((error: unknown) => error);
    await eventually('the upload is under way', 20, () => bench.lastProxy()?.requests.some(isLayerUpload) === true);
    const cancelled = performance.now();
    controller.abort();
    assert.ok(isAbort(await pushing));
    assert.ok(performance.now() - cancelled < 1000, 'it waited for the slow line');
    assert.equal(await bench.lastTags(), null);
  });

  it('finds out that the registry has lost what was pushed before', async () => {
    const layer = randomBytes(1000);
    await bench.pushTo(bench.host, 'faults/lost', {}, layer);
    const deleted = await fetch(`http://${bench.host}/v2/faults/lost/blobs/${sha256(layer)}`, { method: 'DELETE' });
    assert.equal(deleted.status, 202);
    const digest = await bench.pushTo(bench.host, 'faults/lost', {}, layer);
    const blob = await fetch(`http://${bench.host}/v2/faults/lost/blobs/${sha256(layer)}`);
    assert.equal(sha256(Buffer.from(await blob.arrayBuffer())), sha256(layer));
    assert.match(digest, /^sha256:/);
  });
});
