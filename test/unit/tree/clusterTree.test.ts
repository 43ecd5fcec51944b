import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { clusterTree } from '../../../src/tree/clusterTree';
import { untranslated } from '../../../src/tree/node';

const snapshot = {
  nodes: [
    {
      id: 'box',
      name: 'box',
      ready: true,
      cpu: { cores: 8, used: 2 },
      memory: { total: 16 * 1024 ** 3, used: 4.2 * 1024 ** 3 },
      processes: [{ id: 'iris/41', name: 'iris 3/0', model: 'iris', pid: 41, phase: 'Ready', memory: 2 ** 20 }],
    },
  ],
};

describe('clusters tree', () => {
  it('shows load and memory of a machine as text and its processes below', () => {
    const [cluster] = clusterTree(
      [{ id: 'local', displayName: 'This Machine', snapshot, broken: undefined }],
      untranslated,
    );
    assert.equal(cluster?.description, '1 node');
    const [node] = cluster.children;
    assert.equal(node?.description, 'CPU 25 % of 8 · memory 4.2 GB of 16 GB');
    const [process] = node.children;
    assert.equal(process?.description, 'Ready · pid 41 · 1.0 MB');
    assert.equal(process.accessibleLabel, 'Process iris 3/0, Ready · pid 41 · 1.0 MB');
    assert.equal(process.id, 'local/box/iris/41');
  });

  it('says that a cluster is loading, and since when it does not answer', () => {
    const [loading] = clusterTree(
      [{ id: 'local', displayName: 'This Machine', snapshot: undefined, broken: undefined }],
      untranslated,
    );
    assert.equal(loading?.description, 'loading');
    const [broken] = clusterTree(
      [{ id: 'local', displayName: 'This Machine', snapshot, broken: { since: new Date(), message: 'gone' } }],
      untranslated,
    );
    assert.match(broken?.description ?? '', /^no answer since /);
    assert.equal(broken?.children.length, 1);
  });
});
