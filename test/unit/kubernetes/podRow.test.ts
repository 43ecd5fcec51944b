import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { KubeObject } from '../../../src/clients/kubernetes';
import { podRow } from '../../../src/targets/kubernetes/explore/podRow';

const metadata = {
  name: 'web-1',
  namespace: 'team',
  uid: 'u1',
  resourceVersion: '1',
  creationTimestamp: '2026-11-24T09:00:00Z',
};

const pod = (
  status: Readonly<Record<string, unknown>>,
  spec: Readonly<Record<string, unknown>> = {},
  rest: Readonly<Record<string, unknown>> = {},
): KubeObject => {
  const object = {
    metadata: { ...metadata, ...rest },
    spec: { containers: [{ name: 'main', image: 'web:1' }], ...spec },
    status,
  };
  return object;
};

const waiting = (reason: string, message?: string) => ({
  containerStatuses: [{ name: 'main', ready: false, restartCount: 2, state: { waiting: { reason, message } } }],
});

describe('a pod as a row', () => {
  const summaryOf = (object: KubeObject) => {
    const { status, state, reason } = podRow(object);
    return [status, state, reason];
  };

  it('runs when its containers are ready, and is on its way when one is not', () => {
    const running = (ready: boolean) => ({
      phase: 'Running',
      conditions: ready ? [] : [{ type: 'Ready', status: 'False', message: 'containers with unready status: [main]' }],
      containerStatuses: [{ name: 'main', ready, restartCount: 0, state: { running: {} } }],
    });
    assert.deepEqual(summaryOf(pod(running(true))), ['Running', 'ok', undefined]);
    assert.deepEqual(summaryOf(pod(running(false))), [
      'NotReady',
      'progressing',
      'containers with unready status: [main]',
    ]);
  });

  it('is not ready while its node is silent, and says why it has to leave', () => {
    const containerStatuses = [{ name: 'main', ready: true, restartCount: 0, state: { running: {} } }];
    const conditions = [{ type: 'Ready', status: 'False' }];
    const silent = { phase: 'Running', conditions, containerStatuses };
    assert.deepEqual(summaryOf(pod(silent)), ['NotReady', 'progressing', 'its node is not heard of']);
    const message = 'Taint manager: deleting due to NoExecute taint';
    const leaving = { ...silent, conditions: [...conditions, { type: 'DisruptionTarget', status: 'True', message }] };
    const row = pod(leaving, {}, { deletionTimestamp: '2026-11-24T09:01:00Z' });
    assert.deepEqual(summaryOf(row), ['Terminating', 'progressing', message]);
  });

  it('was evicted, however its containers ended then', () => {
    const message = 'The node was low on resource: ephemeral-storage.';
    const terminated = { exitCode: 137, reason: 'Error' };
    const containerStatuses = [{ name: 'main', ready: false, restartCount: 0, state: { terminated } }];
    const object = pod({ phase: 'Failed', reason: 'Evicted', message, containerStatuses });
    assert.deepEqual(summaryOf(object), ['Evicted', 'failed', message]);
  });

  it('says why no node takes it', () => {
    const message = '0/3 nodes are available: 3 Insufficient nvidia.com/gpu.';
    const conditions = [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }];
    assert.deepEqual(summaryOf(pod({ phase: 'Pending', conditions })), ['Unschedulable', 'progressing', message]);
  });

  it('says what the registry said, and how a container ended before it waits again', () => {
    assert.deepEqual(summaryOf(pod({ phase: 'Pending', ...waiting('ErrImagePull', 'not found') })), [
      'ErrImagePull',
      'failed',
      'main: not found',
    ]);
    const [main] = waiting('CrashLoopBackOff').containerStatuses;
    const lastState = { terminated: { reason: 'OOMKilled', exitCode: 137 } };
    assert.deepEqual(summaryOf(pod({ phase: 'Running', containerStatuses: [{ ...main, lastState }] })), [
      'CrashLoopBackOff',
      'failed',
      'main: last: OOMKilled, exit code 137',
    ]);
  });

  it('takes steps on the way for no failure, and tells completed, evicted and ending pods apart', () => {
    assert.deepEqual(summaryOf(pod({ phase: 'Pending', ...waiting('ContainerCreating') })), [
      'ContainerCreating',
      'progressing',
      undefined,
    ]);
    const done = {
      containerStatuses: [{ name: 'main', ready: false, restartCount: 0, state: { terminated: { exitCode: 0 } } }],
    };
    assert.deepEqual(summaryOf(pod({ phase: 'Succeeded', ...done })), ['Completed', 'done', undefined]);
    assert.deepEqual(summaryOf(pod({ phase: 'Failed', reason: 'Evicted', message: 'low on memory' })), [
      'Evicted',
      'failed',
      'low on memory',
    ]);
    assert.deepEqual(summaryOf(pod({ phase: 'Running' }, {}, { deletionTimestamp: 'now' })), [
      'Terminating',
      'progressing',
      undefined,
    ]);
  });

  it('is failed by its first init container that fails', () => {
    const spec = { initContainers: [{ name: 'load', image: 'load:1' }] };
    const state = { terminated: { exitCode: 1, message: 'no such file' } };
    const initContainerStatuses = [{ name: 'load', ready: false, restartCount: 0, state }];
    assert.deepEqual(summaryOf(pod({ phase: 'Pending', initContainerStatuses, ...waiting('PodInitializing') }, spec)), [
      'Error',
      'failed',
      'load: exit code 1: no such file',
    ]);
  });

  it('asks for what its containers ask for together, or its largest init container, with sidecars', () => {
    const asking = (name: string, cpu: string, memory: string, rest = {}) => ({
      name,
      image: 'x',
      resources: { requests: { cpu, memory, 'nvidia.com/gpu': '1', 'hugepages-2Mi': '4Mi' } },
      ...rest,
    });
    const spec = {
      containers: [asking('a', '250m', '1Gi'), asking('b', '0.25', '512Mi')],
      initContainers: [asking('init', '2', '64Mi'), asking('side', '100m', '64Mi', { restartPolicy: 'Always' })],
    };
    assert.deepEqual(podRow(pod({}, spec)).requests, {
      cpu: 2,
      memory: (1024 + 512 + 64) * 2 ** 20,
      devices: { 'nvidia.com/gpu': 3 },
    });
  });
});
