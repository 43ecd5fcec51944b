import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ClusterRow } from '../../../../src/core/cluster';
import { KubeClient } from '../../../../src/clients/kubernetes/client';
import { watchKinds, watchObjects } from '../../../../src/targets/kubernetes/explore/others';
import { fakeApiserver, fakeObject, sendJson } from '../../../support/fakeApiserver';

const served = (group: string, version: string, resource: string, kind: string, scope = 'Namespaced') => ({
  metadata: { name: group },
  versions: [
    { version, resources: [{ resource, responseKind: { kind }, scope, verbs: ['list', 'watch', 'get'] }] },
    { version: 'v1alpha1', resources: [] },
  ],
});

describe('The kinds of a namespace', () => {
  it('are found by one question: what is built in, then what somebody defined; objects come without what they hold', async () => {
    const accepts: string[] = [];
    const server = await fakeApiserver((url, response, request) => {
      const items = [
        served('apps', 'v1', 'deployments', 'Deployment'),
        served('rbac.authorization.k8s.io', 'v1', 'roles', 'Role'),
        served('serving.kserve.io', 'v1beta1', 'inferenceservices', 'InferenceService'),
        served('kubeflow.org', 'v1', 'notebooks', 'Notebook'),
        served('kueue.x-k8s.io', 'v1beta1', 'localqueues', 'LocalQueue'),
        served('kueue.x-k8s.io', 'v1beta1', 'clusterqueues', 'ClusterQueue', 'Cluster'),
      ];
      accepts.push(request.headers.accept ?? '');
      if (url.pathname === '/apis') sendJson(response, 200, { kind: 'APIGroupDiscoveryList', items });
      else if (url.searchParams.has('watch')) response.writeHead(200).flushHeaders();
      else sendJson(response, 200, { metadata: { resourceVersion: '1' }, items: [fakeObject('iris')] });
    });
    const client = new KubeClient(server.context);
    const explorer = { client, namespace: 'default', namespaces: [], nodeOperations: false };
    const stop = new AbortController();
    const first = async (rows: AsyncIterable<{ readonly rows: readonly ClusterRow[]; readonly complete: boolean }>) => {
      for await (const value of rows) if (value.complete) return value.rows;
      return [];
    };
    const kinds = await first(watchKinds(explorer, 'team', stop.signal));
    const names = kinds.map(({ name }) => name);
    assert.equal(server.requests.length, 1);
    assert.deepEqual(names.slice(-3), ['InferenceService', 'LocalQueue', 'Notebook']);
    assert.ok(names.includes('Secret') && !names.includes('Role') && !names.includes('Deployment'));
    const kind = kinds.find(({ name }) => name === 'InferenceService');
    assert.ok(kind?.kind === 'kind');
    const [object] = await first(watchObjects(explorer, kind, stop.signal));
    assert.deepEqual(object?.ref, {
      apiVersion: 'serving.kserve.io/v1beta1',
      kind: 'InferenceService',
      plural: 'inferenceservices',
      namespace: 'team',
      name: 'iris',
      uid: 'uid-iris',
    });
    assert.ok(accepts.slice(1).some((one) => one.includes('as=Table')));
    stop.abort();
    client.dispose();
    await server.stop();
  });
});
