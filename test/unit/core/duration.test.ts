import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseDuration, parseSince } from '../../../src/core/duration';

describe('durations', () => {
  it('are read with their units, and nothing else is', () => {
    assert.deepEqual(['90s', '15m', '1h30m', '2d'].map(parseDuration), [90, 900, 5400, 172_800]);
    assert.deepEqual(['', '5', 'm', '1w', '5 m', '-5m', '1.5h'].map(parseDuration), Array(7).fill(undefined));
  });

  it('and dates name a moment', () => {
    const now = Date.parse('2026-01-01T12:00:00Z');
    assert.equal(parseSince('1h', now), '2026-01-01T11:00:00.000Z');
    assert.equal(parseSince('2025-12-31T00:00:00Z', now), '2025-12-31T00:00:00.000Z');
    assert.equal(parseSince('yesterday', now), undefined);
    assert.equal(parseSince('999999999d', now), undefined);
  });
});
