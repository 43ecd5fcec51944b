import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DeployedModel } from '../../../src/core/deployment';
import { modelTree } from '../../../src/tree/modelTree';
import { untranslated, type TreeNode } from '../../../src/tree/node';
import { TreeState } from '../../../src/tree/treeState';
import { local, model, worker } from './models';

const nodes = (...models: readonly DeployedModel[]): readonly TreeNode[] =>
  modelTree([{ target: local, models, broken: undefined }], untranslated);
const changedIds = (state: TreeState, ...models: readonly DeployedModel[]): readonly string[] | 'all' => {
  const change = state.update(nodes(...models));
  return change.kind === 'all' ? 'all' : change.elements.map((element) => element.id);
};

describe('tree state', () => {
  it('draws everything once, then nothing while nothing changes', () => {
    const state = new TreeState();
    assert.equal(changedIds(state, model()), 'all');
    assert.deepEqual(changedIds(state, model()), []);
  });

  it('draws only the row that changed', () => {
    const state = new TreeState();
    changedIds(state, model(), model({ name: 'wine' }));
    const busy = model({ workers: [worker(0), worker(1, { memory: 999_000_000 })] });
    assert.deepEqual(changedIds(state, busy, model({ name: 'wine' })), ['local/iris/worker/3/1/4001']);
  });

  it('draws the list, not what stands around it, when a replica comes', () => {
    const state = new TreeState();
    changedIds(state, model());
    assert.deepEqual(changedIds(state, model({ workers: [worker(0), worker(1), worker(2)] })), ['local/iris/replicas']);
  });

  it('does not name rows below one that is drawn again', () => {
    const state = new TreeState();
    changedIds(state, model());
    assert.deepEqual(changedIds(state, model({ phase: 'Stopped', workers: [], endpoint: undefined })), ['local/iris']);
  });

  it('draws everything when a model comes or goes', () => {
    const state = new TreeState();
    changedIds(state, model());
    assert.equal(changedIds(state, model(), model({ name: 'wine' })), 'all');
    assert.equal(changedIds(state, model({ name: 'wine' })), 'all');
    assert.equal(state.find('local/iris'), undefined);
  });

  it('keeps the object of a row, so that selection and expansion stay through 20 changes a second', () => {
    const state = new TreeState();
    changedIds(state, model());
    const before = state.find('local/iris/replicas');
    for (let memory = 1; memory < 1200; memory++)
      changedIds(state, model({ workers: [worker(0, { memory: memory * 1e6 }), worker(1)] }));
    assert.equal(state.find('local/iris/replicas'), before);
    assert.equal(before?.parent, state.find('local/iris'));
  });
});
