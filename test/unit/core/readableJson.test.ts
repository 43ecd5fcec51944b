import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readableJson } from '../../../src/core/readableJson';

describe('readableJson', () => {
  it('writes the rows of a table on one line each', () => {
    assert.equal(
      readableJson({ data: [[1, -2.5, null], [true]] }),
      '{\n  "data": [\n    [1, -2.5, null],\n    [true]\n  ]\n}',
    );
  });

  it('keeps texts, long arrays and what is in them as they are', () => {
    const value = {
      a: ['[ 1,  2 ]', 'x\n[\n 3\n]'],
      b: Array.from({ length: 60 }, (_, index) => index),
      c: [],
      d: [{ e: [1] }],
    };
    const text = readableJson(value);
    assert.deepEqual(JSON.parse(text), value);
    assert.ok(text.includes('"[ 1,  2 ]"'));
    assert.ok(text.includes('\n    58,\n    59\n'));
    assert.ok(text.includes('"e": [1]'));
  });
});
