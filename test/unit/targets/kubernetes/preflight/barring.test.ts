import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { barringPolicies, type NetworkPolicy } from '../../../../../src/targets/kubernetes/preflight/barring';

const policy = (name: string, spec: NetworkPolicy['spec'] & object, labels = {}): NetworkPolicy => ({
  metadata: { name, labels, uid: '', resourceVersion: '', creationTimestamp: '' },
  spec: { podSelector: {}, policyTypes: ['Ingress'], ...spec },
});
const own = {
  'app.kubernetes.io/name': 'iris',
  'app.kubernetes.io/managed-by': 'slipway',
  'slipway.dev/model': 'iris',
};
const barring = (...policies: readonly NetworkPolicy[]): readonly string[] => barringPolicies(policies, 'iris');

describe('Policies that let nobody reach a model', () => {
  it('are those that select its pods and let nobody in', () => {
    assert.deepEqual(barring(), []);
    assert.deepEqual(barring(policy('deny', {}), policy('all', { policyTypes: ['Ingress', 'Egress'] })), [
      'all',
      'deny',
    ]);
    assert.deepEqual(barring(policy('outwards', { policyTypes: ['Egress'] })), []);
  });

  it('count for nothing where another one lets somebody in', () => {
    assert.deepEqual(barring(policy('deny', {}), policy('door', { ingress: [{}] })), []);
    const elsewhere = policy('door', { podSelector: { matchLabels: { app: 'web' } }, ingress: [{}] });
    assert.deepEqual(barring(policy('deny', {}), elsewhere), ['deny']);
  });

  it('are told by labels and expressions', () => {
    const picks = (podSelector: object): boolean => barring(policy('deny', { podSelector })).length > 0;
    const key = 'slipway.dev/model';
    assert.ok(picks({ matchLabels: { [key]: 'iris' } }));
    assert.ok(!picks({ matchLabels: { [key]: 'other' } }));
    assert.ok(picks({ matchExpressions: [{ key, operator: 'In', values: ['iris', 'other'] }] }));
    assert.ok(!picks({ matchExpressions: [{ key, operator: 'NotIn', values: ['iris'] }] }));
    assert.ok(picks({ matchExpressions: [{ key, operator: 'Exists' }] }));
    assert.ok(!picks({ matchExpressions: [{ key, operator: 'DoesNotExist' }] }));
  });

  it('are never the one that the last deploy made', () => {
    assert.deepEqual(barring(policy('iris', {}, own)), []);
    assert.deepEqual(barring(policy('deny', {}), policy('iris', { ingress: [{}] }, own)), ['deny']);
  });
});
