import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { notBefore } from '../../../src/clients/python/pythonReleases';
import { solvingDates } from '../../../src/build/solvingDates';

describe('notBefore', () => {
  it('knows the day of a patch release, else of its minor version', () => {
    assert.equal(notBefore('3.7.7'), '2020-03-10');
    assert.equal(notBefore('3.7.0'), '2018-06-27');
    assert.equal(notBefore('3.9'), '2020-10-05');
    assert.equal(notBefore('3.12.99'), '2023-10-02');
    assert.equal(notBefore('2.7.9'), undefined);
  });
});

describe('solvingDates', () => {
  it('looks for wheels after the release of the Python', () => {
    const days = solvingDates('2015-06-04T19:15:53.000Z', '3.7', '2026-11-24');
    assert.deepEqual(days.slice(0, 3), ['2015-06-04T19:15:53.000Z', '2018-07-27', '2018-08-27']);
    assert.equal(days.at(-1), '2020-06-27');
  });

  it('never goes back, nor beyond today', () => {
    assert.deepEqual(solvingDates('2020-05-20', '3.7', '2026-11-24'), ['2020-05-20', '2020-06-27']);
    assert.deepEqual(solvingDates('2024-12-01', '3.13', '2024-12-30'), ['2024-12-01', '2024-12-07']);
    assert.deepEqual(solvingDates('2024-01-01', '3.99', '2026-11-24'), ['2024-01-01']);
  });
});
