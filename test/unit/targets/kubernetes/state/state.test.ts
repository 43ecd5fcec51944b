import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { annotations, labels } from '../../../../../src/targets/kubernetes/names';
import type {
  Autoscaler,
  ContainerStatus,
  Deployment,
  Pod,
  Snapshot,
} from '../../../../../src/targets/kubernetes/objects';
import { troubleOf, withLog } from '../../../../../src/targets/kubernetes/rollout/cause';
import { findModel } from '../../../../../src/targets/kubernetes/state/state';

const meta = (name: string, release: number, notes: Readonly<Record<string, string>> = {}) => ({
  name,
  namespace: 'ns',
  uid: name,
  resourceVersion: '1',
  creationTimestamp: '2026-01-01T00:00:00Z',
  labels: { [labels.model]: 'iris', [labels.release]: String(release) },
  annotations: notes,
});

function deployment(release: number, replicas: number): Deployment {
  return { metadata: meta('iris', release), spec: { replicas } };
}

function pod(release: number, isReady: boolean, status: Partial<ContainerStatus> = {}): Pod {
  const condition = { type: 'Ready', status: isReady ? 'True' : 'False' };
  const container = { name: 'model', ready: isReady, restartCount: 0, ...status };
  return {
    metadata: meta(`iris-${String(release)}`, release),
    spec: { nodeName: 'node' },
    status: { phase: 'Running', conditions: [condition], containerStatuses: [container] },
  };
}

function release(version: number, outcome?: 'ready' | 'failed', failure?: object) {
  const spec = {
    model: 'iris',
    version,
    image: {},
    provenance: { createdAt: 'then', digest: `sha256:${String(version)}` },
  };
  const notes = {
    ...(outcome === undefined ? {} : { [annotations.outcome]: outcome }),
    ...(failure === undefined ? {} : { [annotations.failure]: JSON.stringify(failure) }),
  };
  return { metadata: meta(`iris.v${String(version)}`, version, notes), data: { 'release.json': JSON.stringify(spec) } };
}

const service = { metadata: meta('iris', 0), spec: { ports: [{ port: 80 }] } };

function model(snapshot: Omit<Snapshot, 'services' | 'autoscalers'>, autoscalers: readonly Autoscaler[] = []) {
  const found = findModel({ ...snapshot, autoscalers, services: [service] }, 'iris', 'kubernetes:x/ns');
  assert.ok(found);
  return found;
}

describe('a model on Kubernetes', () => {
  it('answers with the older release while another comes up', () => {
    const now = model({
      deployments: [deployment(2, 1)],
      pods: [pod(1, true), pod(2, false)],
      releases: [release(1, 'ready'), release(2)],
    });
    assert.deepEqual([now.phase, now.version, now.rollout], ['Ready', 1, { version: 2, step: 'loading' }]);
    assert.deepEqual(
      now.releases.map(({ version, status }) => [version, status]),
      [[1, 'active']],
    );
    assert.equal(now.endpoint, 'http://iris.ns.svc');
  });

  it('has failed when its first release did, and nothing of it runs', () => {
    const failure = { code: 'WorkerExited', message: 'gone' };
    const now = model({ deployments: [deployment(1, 0)], pods: [], releases: [release(1, 'failed', failure)] });
    assert.deepEqual([now.phase, now.version, now.reason, now.endpoint], ['Failed', undefined, failure, undefined]);
  });

  it('tells what its autoscaler does, whoever made that, and why it cannot', () => {
    const autoscaler = (current?: number, condition?: { readonly reason: string; readonly message: string }) => ({
      metadata: { ...meta('theirs', 0), labels: {} },
      spec: {
        scaleTargetRef: { kind: 'Deployment', name: 'iris' },
        minReplicas: 2,
        maxReplicas: 5,
        metrics: [{ resource: { name: 'cpu', target: { averageUtilization: 70 } } }],
      },
      status: {
        ...(current === undefined
          ? { currentMetrics: null }
          : { currentMetrics: [{ resource: { name: 'cpu', current: { averageUtilization: current } } }] }),
        conditions: condition === undefined ? [] : [{ type: 'ScalingActive', status: 'False', ...condition }],
      },
    });
    const snapshot = { deployments: [deployment(1, 2)], pods: [], releases: [release(1, 'ready')] };
    const goal = { min: 2, max: 5, cpu: 70 };
    assert.equal(model(snapshot).autoscale, undefined);
    assert.deepEqual(model(snapshot, [autoscaler(34)]).autoscale, { ...goal, current: 34 });
    const missing = { reason: 'FailedGetResourceMetric', message: 'no metrics returned' };
    assert.deepEqual(model(snapshot, [autoscaler(undefined, missing)]).autoscale, {
      ...goal,
      problem: 'no metrics returned',
    });
    const stopped = { reason: 'ScalingDisabled', message: 'replicas are zero' };
    assert.deepEqual(model(snapshot, [autoscaler(undefined, stopped)]).autoscale, goal);
  });

  it('is stopped when it is to have no replicas', () => {
    const now = model({ deployments: [deployment(1, 0)], pods: [], releases: [release(1, 'ready')] });
    assert.deepEqual([now.phase, now.version], ['Stopped', 1]);
  });

  it('tells what keeps its pods', () => {
    const waiting = { waiting: { reason: 'ErrImagePull', message: 'manifest unknown' } };
    assert.equal(troubleOf(pod(1, false, { state: waiting }))?.isFinal, true);
    const killed = { terminated: { exitCode: 137, reason: 'OOMKilled' } };
    assert.equal(troubleOf(pod(1, false, { state: killed }))?.reason.code, 'OutOfMemory');
    const once = { terminated: { exitCode: 1 } };
    assert.equal(troubleOf(pod(1, false, { state: once }))?.isFinal, false);
    assert.equal(troubleOf(pod(1, false, { lastState: once, restartCount: 2 }))?.isFinal, true);
    assert.equal(troubleOf(pod(1, true, { lastState: once, restartCount: 2 })), undefined);
  });

  it('tells the cell of the notebook that its log names, and shows escapes as text', () => {
    const lines = [
      '\u001b[31mred\u001b[0m \u0007',
      'Traceback (most recent call last):',
      '  File "/x.py", line 1, in f',
      '  File "nb.ipynb#load", line 5, in load',
      'ValueError: no',
    ];
    const told = withLog({ code: 'WorkerExited', message: 'exit code 1' }, lines, '/p/nb.ipynb');
    assert.equal(told.message, 'ValueError: no');
    assert.deepEqual(told.location, { file: '/p/nb.ipynb', cell: 'load', line: 5 });
    assert.equal(told.logTail?.[0], 'red \\x07');
  });
});
