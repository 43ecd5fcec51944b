import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LogCursor } from '../../../../../src/targets/kubernetes/logs/logCursor';

const at = (second: number, nanos: number): string =>
  `2026-01-01T00:00:${String(second).padStart(2, '0')}.${String(nanos).padStart(9, '0')}Z`;

function read(cursor: LogCursor, times: readonly string[]): number {
  cursor.begin();
  return times.filter((time) => cursor.take({ time, text: 'x', isWhole: true })).length;
}

describe('what was read of a log', () => {
  it('is told by time and by how many lines have that time', () => {
    const cursor = new LogCursor();
    const lines = [at(1, 5), at(2, 7), at(2, 7), at(2, 8)];
    assert.equal(read(cursor, lines), 4);
    assert.equal(read(cursor, [...lines.slice(1), at(2, 8), at(3, 1)]), 2);
    assert.equal(read(cursor, [at(2, 7), at(2, 7), at(2, 7)]), 1);
  });

  it('is right although lines of two streams come a little out of order', () => {
    const cursor = new LogCursor();
    assert.equal(read(cursor, [at(4, 9), at(4, 3)]), 2);
    assert.equal(read(cursor, [at(4, 9), at(4, 3), at(4, 2), at(4, 10)]), 2);
  });

  it('reads on from the second before the newest line', () => {
    const cursor = new LogCursor();
    assert.equal(cursor.begin(), undefined);
    read(cursor, [at(10, 900_000_000)]);
    assert.equal(cursor.begin(), '2026-01-01T00:00:09Z');
  });

  it('remembers little, however much was read', () => {
    const cursor = new LogCursor();
    for (let second = 0; second < 60; second++) read(cursor, [at(second, 1)]);
    assert.equal(read(cursor, [at(1, 1), at(58, 1), at(59, 1), at(59, 2)]), 1);
  });

  it('goes on where the clock of the node was put back, and when it is read again then', () => {
    const cursor = new LogCursor();
    assert.equal(read(cursor, [at(50, 1), at(50, 2), at(10, 1), at(10, 2)]), 4);
    assert.equal(cursor.begin(), '2026-01-01T00:00:09Z');
    assert.equal(read(cursor, [at(49, 9), at(50, 1), at(50, 2), at(10, 1), at(10, 2), at(10, 3)]), 1);
  });

  it('finds a hole where the lines that were read last are gone', () => {
    const cursor = new LogCursor();
    const line = (time: string) => ({ time, text: 'x', isWhole: true });
    read(cursor, [at(10, 1), at(10, 2)]);
    cursor.begin();
    assert.equal(cursor.holeIn([at(10, 1), at(10, 2), at(10, 3)].map(line)), undefined);
    cursor.begin();
    assert.deepEqual(cursor.holeIn([at(12, 1), at(12, 2)].map(line)), line(at(12, 1)));
    cursor.expectOther();
    cursor.begin();
    assert.equal(cursor.holeIn([line(at(12, 1))]), undefined);
  });
});
