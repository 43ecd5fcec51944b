import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { describe, it } from 'node:test';
import { KubeClient } from '../../../../../src/clients/kubernetes/client';
import { labels } from '../../../../../src/targets/kubernetes/names';
import { followRollout } from '../../../../../src/targets/kubernetes/rollout/rollout';
import { fakeApiserver, fakeObject, sendEvent, sendJson } from '../../../../support/fakeApiserver';

const model = { [labels.model]: 'iris', [labels.release]: '1' };
const rollout = { model: 'iris', version: 1, image: 'iris@sha256:1', readyTimeoutSeconds: 60, tellsWay: true };
const log = ['slipway: starting took 0.10 s, loading now', 'slipway: loading took 3.00 s']
  .map((line, second) => `2026-01-01T00:00:0${String(second)}.000000000Z ${line}\n`)
  .join('');

function deployment(version: string, available: number) {
  const counts = { replicas: 1, updatedReplicas: 1, availableReplicas: available };
  const status = { observedGeneration: 1, ...counts };
  return fakeObject('iris', version, { metadata: { generation: 1, labels: model }, spec: { replicas: 1 }, status });
}

function pod(version: string, isReady: boolean) {
  const container = { name: 'model', ready: isReady, restartCount: 0, containerID: 'one', state: { running: {} } };
  const condition = { type: 'Ready', status: isReady ? 'True' : 'False' };
  const status = { phase: 'Running', conditions: [condition], containerStatuses: [container] };
  return fakeObject('iris-1', version, { metadata: { labels: model }, spec: { nodeName: 'node-1' }, status });
}

describe('A rollout', () => {
  it('tells how long loading took where the release is ready and alone at once', async () => {
    const watches = new Map<string, ServerResponse>();
    const items: Readonly<Record<string, readonly unknown[]>> = {
      deployments: [deployment('1', 0)],
      pods: [pod('1', false)],
    };
    const server = await fakeApiserver((url, response) => {
      const kind = url.pathname.split('/').at(-1) ?? '';
      if (kind === 'log') response.writeHead(200, { 'content-type': 'text/plain' }).end(log);
      else if (url.searchParams.has('watch')) {
        response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
        watches.set(kind, response);
      } else sendJson(response, 200, { metadata: { resourceVersion: '1' }, items: items[kind] ?? [] });
    });
    const client = new KubeClient(server.context);
    const following = followRollout({ client, namespace: 'ns' }, rollout, AbortSignal.timeout(20_000));
    const told: string[] = [];
    try {
      for (let next = await following.next(); ; next = await following.next()) {
        if (next.done === true) {
          assert.deepEqual(next.value, { kind: 'ready' });
          break;
        }
        if (next.value.kind !== 'progress') continue;
        told.push(next.value.message);
        if (!next.value.message.startsWith('Loading the model on')) continue;
        const [pods, deployments] = [watches.get('pods'), watches.get('deployments')];
        assert.ok(pods !== undefined && deployments !== undefined);
        sendEvent(pods, 'MODIFIED', pod('2', true));
        sendEvent(deployments, 'MODIFIED', deployment('2', 1));
      }
    } finally {
      client.dispose();
      await server.stop();
    }
    const end = told.slice(told.indexOf('Loading the model on node-1'));
    assert.deepEqual(end, ['Loading the model on node-1', 'Loading the model took 3.0 s', 'Ready and taking over']);
  });
});
