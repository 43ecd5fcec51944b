import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  byNearness,
  misfitOf,
  type NodeWithRoom,
  type Wanted,
} from '../../../../../src/targets/kubernetes/preflight/room';

const node = (name: string, rest: Partial<Pick<NodeWithRoom, 'spec'>> = {}, labels = {}): NodeWithRoom => ({
  metadata: { name, uid: name, resourceVersion: '1', creationTimestamp: '', labels },
  status: { allocatable: { cpu: '3920m', memory: '8Gi', pods: '110', 'nvidia.com/gpu': '4' } },
  ...rest,
});

const against = (one: NodeWithRoom, wanted: Partial<Wanted>): readonly string[] =>
  misfitOf(one, { requests: {}, ...wanted }, {}).against;

describe('room on nodes', () => {
  it('counts what pods of the node ask for already', () => {
    const wanted = { requests: { 'nvidia.com/gpu': 4, cpu: 0.5, memory: 2 ** 30, pods: 1 } };
    assert.deepEqual(misfitOf(node('a'), wanted, {}).short, []);
    const { short, share } = misfitOf(node('a'), wanted, { 'nvidia.com/gpu': 3, cpu: 3.5, memory: 7.5 * 2 ** 30 });
    assert.deepEqual(short, ['1 of 4 nvidia.com/gpu free', '0.42 of 0.5 cpu free', '512Mi of 1024Mi memory free']);
    assert.equal(share, 0.25);
    assert.deepEqual(misfitOf(node('a'), { requests: { 'nvidia.com/mig-1g.5gb': 1 } }, {}).short, [
      '0 of 1 nvidia.com/mig-1g.5gb free',
    ]);
    assert.deepEqual(misfitOf(node('a'), { requests: { pods: 1 } }, { pods: 110 }).short, ['0 of 1 pods free']);
    const tenths = misfitOf(node('a'), { requests: { cpu: 0.2 } }, { cpu: 3.72 });
    assert.deepEqual(tenths.short, []);
  });

  it('names taints that a pod does not tolerate', () => {
    const taints = [
      { key: 'gpu', value: 'only', effect: 'NoSchedule' },
      { key: 'soft', effect: 'PreferNoSchedule' },
      { key: 'node.kubernetes.io/not-ready', effect: 'NoExecute' },
    ];
    const tainted = node('a', { spec: { taints } });
    const both = ['the taint gpu=only:NoSchedule', 'the taint node.kubernetes.io/not-ready:NoExecute'];
    assert.deepEqual(against(tainted, {}), both);
    const tolerating = (...tolerations: NonNullable<Wanted['tolerations']>) => against(tainted, { tolerations });
    assert.deepEqual(tolerating({ operator: 'Exists' }), []);
    assert.deepEqual(tolerating({ key: 'gpu', operator: 'Exists' }), both.slice(1));
    assert.deepEqual(tolerating({ key: 'gpu', value: 'only', effect: 'NoSchedule' }), both.slice(1));
    assert.deepEqual(tolerating({ key: 'gpu', value: 'other' }), both);
    assert.deepEqual(tolerating({ key: 'gpu', operator: 'Exists', effect: 'NoExecute' }), both);
    assert.deepEqual(tolerating({ value: 'only' }), both);
  });

  it('names labels and affinity, and a cordon once', () => {
    const taints = [{ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }];
    assert.deepEqual(against(node('a', { spec: { unschedulable: true, taints } }), {}), ['being cordoned']);
    const labelled = node('a', {}, { zone: 'a', cores: '8' });
    assert.deepEqual(against(labelled, { nodeSelector: { zone: 'a', disk: 'ssd' } }), ['the missing label disk=ssd']);
    const affine = (key: string, operator: string, ...values: readonly string[]) =>
      against(labelled, { terms: [{ matchExpressions: [{ key, operator, values }] }] });
    assert.deepEqual(affine('zone', 'In', 'a', 'b'), []);
    assert.deepEqual(affine('zone', 'NotIn', 'a'), ['its node affinity']);
    assert.deepEqual(affine('disk', 'Exists'), ['its node affinity']);
    assert.deepEqual(affine('disk', 'DoesNotExist'), []);
    assert.deepEqual(affine('cores', 'Gt', '4'), []);
    assert.deepEqual(affine('cores', 'Lt', '4'), ['its node affinity']);
    const terms = [{ matchExpressions: [{ key: 'no', operator: 'Exists' }] }, { matchExpressions: [] }];
    assert.deepEqual(against(labelled, { terms }), []);
  });

  it('takes a node that lacks a part for nearer than a barred one, and that for nearer than one without any', () => {
    const wanted = { requests: { 'nvidia.com/gpu': 8 } };
    const barred = node('barred', { spec: { unschedulable: true } });
    const nodes = [node('none'), barred, node('half'), node('less')];
    const taken: Readonly<Record<string, number>> = { none: 4, less: 3 };
    const misfits = nodes.map((one) => misfitOf(one, wanted, { 'nvidia.com/gpu': taken[one.metadata.name] ?? 0 }));
    assert.deepEqual(
      misfits.sort(byNearness).map((one) => one.node),
      ['half', 'less', 'barred', 'none'],
    );
  });
});
