import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { wordsIn } from '../../../../../src/targets/kubernetes/rollout/serverWords';
import { passedStages, StageClock } from '../../../../../src/targets/kubernetes/rollout/stages';

describe('Stages of a release', () => {
  it('has started once its server has said anything, and tells how long each part took', () => {
    const starting = 'slipway: starting took 0.31 s, loading now';
    const loading = 'slipway: loading took 12.40 s, answering now';
    assert.equal(wordsIn([]), undefined);
    assert.deepEqual(wordsIn(['reading weights']), { starting: undefined, loading: undefined });
    assert.deepEqual(wordsIn([starting, 'reading weights']), { starting: 0.31, loading: undefined });
    assert.deepEqual(wordsIn([starting, 'loading took 1.00 s', loading]), { starting: 0.31, loading: 12.4 });
  });

  it('passes those that nobody saw, and begins again with the next pod', () => {
    assert.deepEqual(passedStages('scheduling', 'settling'), ['scheduling', 'pulling', 'starting', 'loading']);
    assert.deepEqual(passedStages('starting', 'loading'), ['starting']);
    assert.deepEqual(passedStages('starting', 'scheduling'), ['starting', 'loading']);
    assert.deepEqual(passedStages('settling', 'scheduling'), ['settling']);
  });

  it('is given up for the time that it starts and loads together', () => {
    const at = (stage: 'starting' | 'loading' | 'pulling') =>
      clock.judge({ stage, trouble: undefined, reason: undefined, pod: undefined });
    const clock = new StageClock(0);
    assert.equal(at('pulling'), undefined);
    assert.equal(at('starting')?.code, 'NotReadyInTime');
    assert.match(at('loading')?.message ?? '', /^It was not ready after \d+ s of loading the model\.$/);
  });
});
