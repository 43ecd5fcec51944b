import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { boundedReason } from '../../../../../src/targets/kubernetes/rollout/boundedReason';

describe('the reason that is kept with a release', () => {
  it('fits into an annotation, however much was printed', () => {
    const long = '\u{1F600}"'.repeat(3_000);
    const logTail = Array.from({ length: 30 }, () => long);
    const reason = { code: 'WorkerExited', message: long, traceback: `${long.repeat(20)}the end`, logTail };
    const kept = boundedReason(reason);
    assert.ok(Buffer.byteLength(JSON.stringify(kept)) < 256 * 1024);
    assert.match(kept.traceback ?? '', /the end$/);
    assert.equal(kept.logTail?.length, 30);
  });

  it('is as it was where it is short', () => {
    const reason = { code: 'WorkerExited', message: 'It ended.', logTail: ['one'] };
    assert.deepEqual(boundedReason(reason), reason);
  });
});
