import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  checkAutoscale,
  formatAutoscale,
  isSameAutoscale,
  withinBounds,
  type Autoscale,
} from '../../../src/core/autoscale';

const wish: Autoscale = { min: 2, max: 5, cpu: 70 };

const check = (autoscale: Autoscale) => () => {
  checkAutoscale(autoscale);
};

describe('a wish to scale automatically', () => {
  it('has bounds in order and one goal', () => {
    checkAutoscale(wish);
    checkAutoscale({ min: 1, max: 1, requests: 0.5 });
    const wrong: readonly Partial<Autoscale>[] = [
      { min: 0 },
      { max: 1 },
      { cpu: 0 },
      { requests: 3 },
      { scaleDownAfter: 3601 },
    ];
    for (const part of wrong)
      assert.throws(check({ ...wish, ...part }), { code: 'AutoscaleInvalid' }, JSON.stringify(part));
    assert.throws(check({ min: 1, max: 2 }), /name a percentage/);
  });

  it('is the same whether the usual time is written or not', () => {
    assert.ok(isSameAutoscale(wish, { ...wish, scaleDownAfter: 300 }));
    assert.ok(!isSameAutoscale(wish, { ...wish, scaleDownAfter: 60 }));
    assert.ok(!isSameAutoscale(wish, { min: 2, max: 5, requests: 70 }));
  });

  it('moves only what lies outside of its bounds', () => {
    assert.deepEqual(
      [0, 2, 4, 9].map((replicas) => withinBounds(replicas, wish)),
      [2, 2, 4, 5],
    );
  });

  it('is told with what was measured', () => {
    assert.equal(formatAutoscale(wish), '2–5 by CPU, 70 %');
    assert.equal(formatAutoscale({ min: 1, max: 3, requests: 20, current: 4.5 }), '1–3 by requests, 4.5/s of 20/s');
  });
});
