import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { afterEach, describe, it } from 'node:test';
import { missingPermissions } from '../../../src/clients/kubernetes/access';
import { KubeClient } from '../../../src/clients/kubernetes/client';
import { failure } from '../../support/failure';
import { fakeApiserver, sendJson, type FakeApiserver } from '../../support/fakeApiserver';

const { signal } = new AbortController();
const read = { what: 'read a pod', path: '/api/v1/namespaces/default/pods/one' };

describe('A connection that breaks before the answer', () => {
  let server: FakeApiserver | undefined;
  let client: KubeClient | undefined;

  afterEach(async () => {
    client?.dispose();
    await server?.stop();
  });

  /** Breaks so many connections, then answers. */
  const serve = async (broken: number, answer: (response: ServerResponse) => void): Promise<KubeClient> => {
    server = await fakeApiserver((_url, response) => {
      if (server !== undefined && server.requests.length <= broken) response.socket?.destroy();
      else answer(response);
    });
    client = new KubeClient(server.context);
    return client;
  };

  it('is no reason to fail a question', async () => {
    const asked = await serve(2, (response) => {
      sendJson(response, 200, { kind: 'Pod' });
    });
    assert.deepEqual(await asked.request(read, signal), { kind: 'Pod' });
    assert.equal(server?.requests.length, 3);
  });

  it('is none to fail one that is sent as an object', async () => {
    const asked = await serve(1, (response) => {
      sendJson(response, 201, { status: { allowed: true } });
    });
    const missing = await missingPermissions(asked, 'default', [{ verb: 'get', resource: 'pods', group: '' }], signal);
    assert.deepEqual(missing, []);
  });

  it('nor is one that breaks within the answer', async () => {
    const asked = await serve(0, (response) => {
      if ((server?.requests.length ?? 0) > 1) {
        sendJson(response, 200, { kind: 'Pod' });
        return;
      }
      response.writeHead(200, { 'content-length': '100' });
      response.write('{"kind":', () => response.socket?.destroy());
    });
    assert.deepEqual(await asked.request(read, signal), { kind: 'Pod' });
  });

  it('is told after a third try', async () => {
    const asked = await serve(Infinity, () => undefined);
    await failure(asked.request(read, signal), 'KubernetesUnreachable', /could not be reached to read a pod/);
    assert.equal(server?.requests.length, 3);
  });

  it('is told at once of what may have been done', async () => {
    const asked = await serve(Infinity, () => undefined);
    const create = { ...read, what: 'create a pod', method: 'POST', body: {} } as const;
    await failure(asked.request(create, signal), 'KubernetesUnreachable', /could not be reached to create a pod/);
    assert.equal(server?.requests.length, 1);
  });
});
