import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { memoryQuantity, quantityBytes, resourceNeed } from '../../../src/core/resources';

describe('resourceNeed', () => {
  it('is one and a half times the peak, rounded up, and what the project says wins', () => {
    assert.deepEqual(resourceNeed(undefined, 200 * 2 ** 20), { memory: '320Mi' });
    assert.deepEqual(resourceNeed({ cpu: '2' }, 200 * 2 ** 20), { memory: '320Mi', cpu: '2' });
    assert.deepEqual(resourceNeed({ memory: '2Gi' }, 200 * 2 ** 20), { memory: '2Gi' });
    assert.equal(resourceNeed(undefined, null), undefined);
    assert.equal(resourceNeed(undefined, 0), undefined);
  });

  it('reads and writes quantities of Kubernetes', () => {
    assert.deepEqual([1, 64 * 2 ** 20, 3 * 2 ** 30 + 1].map(memoryQuantity), ['64Mi', '64Mi', '3328Mi']);
    assert.deepEqual(['384Mi', '1.5Gi', '2G', '1000'].map(quantityBytes), [384 * 2 ** 20, 1.5 * 2 ** 30, 2e9, 1000]);
    assert.deepEqual(['', 'much', '2 GB', '-1Gi'].map(quantityBytes), [undefined, undefined, undefined, undefined]);
  });
});
