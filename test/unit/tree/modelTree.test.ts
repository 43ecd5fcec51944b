import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DeployedModel } from '../../../src/core/deployment';
import { modelContext, modelTree } from '../../../src/tree/modelTree';
import { untranslated, type TreeNode } from '../../../src/tree/node';
import { local, model, worker } from './models';

const treeOf = (...models: ReturnType<typeof model>[]): readonly TreeNode[] =>
  modelTree([{ target: local, models, broken: undefined }], untranslated);
const all = (nodes: readonly TreeNode[]): readonly TreeNode[] => nodes.flatMap((node) => [node, ...all(node.children)]);
const find = (nodes: readonly TreeNode[], label: string): TreeNode => {
  const found = all(nodes).find((node) => node.label === label);
  assert.ok(found, `no row ${label}`);
  return found;
};

describe('models tree', () => {
  it('shows the version, the state and the replicas of a model beside its name, and says the state to a screen reader', () => {
    const [row] = treeOf(model());
    assert.equal(row?.label, 'iris');
    assert.equal(row.description, 'v3 · Ready · 2/2');
    assert.equal(row.accessibleLabel, 'Model iris, v3 · Ready · 2/2');
    assert.match(row.tooltip ?? '', /127\\\.0\\\.0\\\.1:8000/);
    assert.match(row.tooltip ?? '', /160 MB/);
    assert.doesNotMatch(row.tooltip ?? '', /Memory to reserve/);
    const [needing] = treeOf(model({ resources: { memory: '384Mi' } }));
    assert.match(needing?.tooltip ?? '', /Memory to reserve: 384Mi a replica/);
  });

  it('names the release that is on its way while the old one answers', () => {
    const [row] = treeOf(model({ rollout: { version: 4, step: 'loading' } }));
    assert.equal(row?.description, 'v3 · Ready · 2/2 · v4 loading');
  });

  it('has endpoint, replicas and releases below a model, releases newest first', () => {
    const tree = treeOf(model());
    assert.deepEqual(
      tree[0]?.children.map((child) => child.label),
      ['Endpoint', 'Replicas', 'Releases'],
    );
    assert.deepEqual(
      find(tree, 'Releases').children.map((child) => child.label),
      ['v3', 'v2', 'v1'],
    );
    assert.match(find(tree, 'v3/1').description ?? '', /Ready · pid 4001 · 150 MB/);
    assert.match(find(tree, 'v2').description ?? '', /^Failed · .* · bbbbbbbbbbbb$/);
  });

  it('offers a roll back only to releases that were ready once', () => {
    const tree = treeOf(model());
    assert.equal(find(tree, 'v1').context, 'release rollback');
    assert.equal(find(tree, 'v2').context, 'release');
    assert.equal(find(tree, 'v3').context, 'release');
  });

  it('tells why a model is not ready and where', () => {
    const location = { file: 'iris.ipynb', cell: 'abc', line: 2 };
    const tree = treeOf(
      model({
        phase: 'Failed',
        endpoint: undefined,
        reason: { code: 'LoadFailed', message: 'no file\nmore', location },
      }),
    );
    const reason = tree[0]?.children[0];
    assert.equal(reason?.context, 'reason');
    assert.equal(reason.label, 'no file');
    assert.equal(reason.description, 'LoadFailed');
    assert.deepEqual(reason.opens, location);
  });

  it('keeps a traceback with back quotes inside its code block', () => {
    const reason = { code: 'X', message: 'm', traceback: '```\n[click](command:evil)' };
    const [first] = treeOf(model({ phase: 'Failed', reason }))[0]?.children ?? [];
    assert.match(first?.tooltip ?? '', /````text\n```\n\[click\]/);
  });

  it('gives menus the words for what can be done now', () => {
    assert.equal(modelContext(local, model()), 'model endpoint scale rollback stop');
    assert.equal(modelContext(local, model({ phase: 'Stopped', endpoint: undefined })), 'model rollback start');
    assert.equal(modelContext(local, model({ phase: 'Failed', endpoint: undefined })), 'model rollback stop start');
    assert.equal(modelContext({ id: 'x', displayName: 'X', accepts: 'bundle' }, model()), 'model endpoint');
    const { releases, ...rest } = model();
    assert.equal(modelContext(local, { ...rest, releases: releases.slice(2) }), 'model endpoint scale stop');
  });

  it('shows what an autoscaler does beside the replicas, and offers to change that instead of their number', () => {
    const cluster = { ...local, autoscale: () => Promise.resolve() };
    assert.match(modelContext(cluster, model()), / scale autoscale /);
    const autoscale = { min: 2, max: 5, cpu: 70, current: 34 };
    assert.match(modelContext(cluster, model({ autoscale })), /endpoint autoscale /);
    const replicas = (rest: Partial<DeployedModel>) =>
      treeOf(model(rest))[0]?.children.find(({ context }) => context === 'replicas')?.description;
    assert.equal(replicas({ autoscale }), '2 of 2 ready · 2–5 by CPU, 34 % of 70 %');
    assert.equal(
      replicas({ autoscale: { ...autoscale, problem: 'no metrics' } }),
      '2 of 2 ready · autoscaling does not work: no metrics',
    );
  });

  it('tells why a model is not reached from beyond its cluster, and offers its key where it asks for one', () => {
    const cluster = { ...local, accepts: 'image' as const, key: () => Promise.resolve('not shown') };
    const endpointProblem = 'the cluster has not given an address';
    const exposed = model({ exposure: { kind: 'loadBalancer' }, endpointIsInside: true, endpointProblem });
    assert.match(modelContext(cluster, exposed), /^model endpoint key /);
    assert.doesNotMatch(modelContext(cluster, model({ exposure: { kind: 'nodePort', key: false } })), /key/);
    assert.doesNotMatch(modelContext(local, exposed), /key/);
    const rows = modelTree([{ target: cluster, models: [exposed], broken: undefined }], untranslated);
    for (const label of ['iris', 'Endpoint inside the cluster'])
      assert.match(find(rows, label).tooltip ?? '', /beyond the cluster: the cluster has not given an address/);
  });

  it('gives every row an id of its own, the same in the next snapshot', () => {
    const first = all(treeOf(model(), model({ name: 'wine' }))).map((node) => node.id);
    assert.equal(new Set(first).size, first.length);
    const later = model({ phase: 'Progressing', workers: [worker(0, { memory: 1, restarts: 2 }), worker(1)] });
    assert.deepEqual(
      all(treeOf(later, model({ name: 'wine' }))).map((node) => node.id),
      first,
    );
  });

  it('shows what was last seen of a target that does not answer, and that it is old', () => {
    const since = new Date('2026-11-24T09:00:00Z');
    const tree = modelTree([{ target: local, models: [model()], broken: { since, message: 'gone' } }], untranslated);
    assert.equal(tree[0]?.context, 'broken');
    assert.match(tree[0].description ?? '', /^since .*, trying again$/);
    assert.match(tree[1]?.description ?? '', /as last seen$/);
  });
});
