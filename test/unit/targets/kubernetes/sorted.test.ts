import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sortedByName } from '../../../../src/targets/kubernetes/explore/sorted';

const itemsOf = (...names: readonly string[]) => new Map(names.map((name) => [`id of ${name}`, { id: name, name }]));

describe('rows in the order of their names', () => {
  it('take numbers by their value, and stay in order while rows come and go', () => {
    const arrange = sortedByName<{ readonly id: string; readonly name: string }>();
    const order = (...names: readonly string[]) => arrange(itemsOf(...names)).map(({ name }) => name);
    assert.deepEqual(order('n-10', 'n-9', 'n-1'), ['n-1', 'n-9', 'n-10']);
    assert.deepEqual(order('n-10', 'n-1', 'n-2', 'n-11'), ['n-1', 'n-2', 'n-10', 'n-11']);
    assert.deepEqual(order('n-11', 'n-3'), ['n-3', 'n-11']);
  });

  it('give the row of today', () => {
    const arrange = sortedByName<{ readonly id: string; readonly name: string; readonly ready: boolean }>();
    const row = (ready: boolean) => new Map([['u', { id: 'u', name: 'n', ready }]]);
    arrange(row(false));
    assert.deepEqual(arrange(row(true)), [{ id: 'u', name: 'n', ready: true }]);
  });
});
