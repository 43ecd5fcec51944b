import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TableReader } from '../../../src/clients/kubernetes/table';
import { fakeObject } from '../../support/fakeApiserver';

const columnDefinitions = [
  { name: 'Name', type: 'string', format: 'name' },
  { name: 'Schedule', type: 'string' },
  { name: 'Suspend', type: 'boolean' },
  { name: 'Active', type: 'integer' },
  { name: 'Last Schedule', type: 'string' },
  { name: 'Ended', type: 'date' },
  { name: 'Age', type: 'string' },
  { name: 'Containers', type: 'string', priority: 1 },
];
const row = (...cells: readonly unknown[]) => ({ cells, object: fakeObject('nightly') });
const given = (objects: ReturnType<TableReader['list']>) =>
  objects?.map(({ columns }) => columns?.map(({ name, value }) => `${name}=${value}`).join(' '));

describe('lists as tables', () => {
  it('keep the columns that tell something, and not what is true for a moment only', () => {
    const reader = new TableReader();
    const rows = [row('nightly', '0 3 * * *', false, 1, '5h20m', '2026-11-24', '3d', 'train')];
    const [object] = reader.list({ kind: 'Table', columnDefinitions, rows }) ?? [];
    assert.equal(object?.metadata.name, 'nightly');
    assert.deepEqual(object.columns, [
      { name: 'Schedule', value: '0 3 * * *', isDetail: false },
      { name: 'Suspend', value: 'false', isDetail: false },
      { name: 'Active', value: '1', isDetail: false },
      { name: 'Containers', value: 'train', isDetail: true },
    ]);
    const empty = row('x', '<none>', null, undefined, '', 1, 1, '');
    assert.deepEqual(given(reader.list({ kind: 'Table', rows: [empty] })), ['']);
  });

  it('take the columns of a watch from what came before', () => {
    const reader = new TableReader();
    reader.list({ kind: 'Table', columnDefinitions, rows: null });
    const sent = { kind: 'Table', columnDefinitions: null, rows: [row('nightly', '@daily', true, 0)] };
    assert.deepEqual(given([reader.single(sent as never)]), ['Schedule=@daily Suspend=true Active=0']);
    const bookmark = { kind: 'Table', rows: [{ cells: [], object: fakeObject('', '77') }] };
    assert.equal(reader.single(bookmark as never).metadata.resourceVersion, '77');
  });

  it('leave objects of servers that know no tables as they are', () => {
    const reader = new TableReader();
    assert.equal(reader.list({ kind: 'PodList' }), undefined);
    const object = fakeObject('web');
    assert.equal(reader.single(object), object);
  });
});
