import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LineCount } from '../../../../../src/targets/kubernetes/logs/lineCount';

/** What each line of a log says of losses; `others` are lines of the model. */
function take(count: LineCount, lines: number, said: number): number | undefined {
  for (let line = 0; line < lines; line++) assert.equal(count.take('a line'), undefined);
  return count.take(`slipway: ${String(said)} lines so far`);
}

describe('lines that a container has counted', () => {
  it('tell how many are missing behind a hole', () => {
    const count = new LineCount(true);
    assert.equal(take(count, 1000, 1000), 0);
    take(count, 500, 2000);
    assert.equal(take(count, 1000, 3000), 0);
    count.hole();
    assert.equal(take(count, 993, 4000), 7);
    assert.equal(take(count, 1000, 5000), 0);
  });

  it('tell of many that are missing where no hole was seen', () => {
    const count = new LineCount(true);
    assert.equal(take(count, 1000, 21_000), 20_000);
    assert.equal(take(count, 1000, 22_000), 0);
  });

  it('say nothing of lines that are only late, or of which others wrote some', () => {
    const count = new LineCount(true);
    assert.equal(take(count, 990, 1000), 0);
    assert.equal(take(count, 1010, 2000), 0);
    count.hole();
    assert.equal(take(count, 1500, 3000), 0);
  });

  it('begin with the first count where the begin of the log was not read', () => {
    const count = new LineCount(false);
    assert.equal(take(count, 10, 90_000), 0);
    assert.equal(take(count, 1000, 91_000), 0);
  });
});
