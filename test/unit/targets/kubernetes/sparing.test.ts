import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KubeClient } from '../../../../src/clients/kubernetes/client';
import { readUse } from '../../../../src/targets/kubernetes/explore/metrics';
import { nodeActions } from '../../../../src/targets/kubernetes/explore/nodeActions';
import { fakeApiserver, sendJson } from '../../../support/fakeApiserver';

describe('What the explorer asks besides lists', () => {
  it('is asked once: rights on nodes, and only where they are of use', async () => {
    const server = await fakeApiserver((_url, response, request) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        sendJson(response, 201, { status: { allowed: !body.includes('eviction') } });
      });
    });
    const client = new KubeClient(server.context);
    const explorer = { client, namespace: 'default', namespaces: [], nodeOperations: false };
    const { signal } = new AbortController();
    assert.deepEqual(await nodeActions(explorer, signal), []);
    assert.equal(server.requests.length, 0);
    const wanted = { ...explorer, nodeOperations: true };
    for (let time = 0; time < 3; time++) assert.deepEqual(await nodeActions(wanted, signal), ['cordon']);
    assert.equal(server.requests.length, 3);
    client.dispose();
    await server.stop();
  });

  it('rests where metrics are not served, or may not be read', async () => {
    const server = await fakeApiserver((url, response) => {
      const code = url.pathname.includes('/namespaces/closed/') ? 403 : 404;
      sendJson(response, code, { kind: 'Status', code });
    });
    const client = new KubeClient(server.context);
    const { signal } = new AbortController();
    const root = '/apis/metrics.k8s.io/v1beta1';
    const ask = (path: string) => assert.rejects(readUse(client, root + path, signal));
    await ask('/namespaces/closed/pods');
    await ask('/namespaces/closed/pods');
    assert.equal(server.requests.length, 1);
    await ask('/nodes');
    for (const name of ['a', 'b', 'c']) await ask(`/namespaces/${name}/pods`);
    assert.equal(server.requests.length, 2);
    client.dispose();
    await server.stop();
  });
});
