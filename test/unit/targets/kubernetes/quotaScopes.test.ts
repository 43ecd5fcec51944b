import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { countsPods } from '../../../../src/targets/kubernetes/preflight/capacity';

describe('a quota with scopes', () => {
  const nothing = { requests: {}, limits: {} };
  const something = { requests: { cpu: '1' }, limits: {} };
  const counts = (scope: string, asked = nothing): boolean => countsPods({ spec: { scopes: [scope] } }, asked);
  const selects = (scopeName: string, operator: string): boolean =>
    countsPods({ spec: { scopeSelector: { matchExpressions: [{ scopeName, operator }] } } }, nothing);

  it('counts only the pods that it is for', () => {
    assert.ok(countsPods({}, nothing) && counts('NotTerminating') && counts('BestEffort'));
    assert.ok(!counts('Terminating') && !counts('NotBestEffort') && !counts('BestEffort', something));
    assert.ok(counts('NotBestEffort', something));
    assert.ok(!counts('PriorityClass') && !selects('PriorityClass', 'In') && selects('PriorityClass', 'DoesNotExist'));
    assert.ok(!counts('CrossNamespacePodAffinity') && !counts('SomethingNew'));
  });
});
