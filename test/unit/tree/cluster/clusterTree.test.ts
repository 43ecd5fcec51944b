import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Cluster, ClusterRow, ClusterRows, PodRow } from '../../../../src/core/cluster';
import { clusterTreeMaker, type Below } from '../../../../src/tree/cluster/clusterTree';
import { untranslated } from '../../../../src/tree/node';

const cluster = (id: string, rest: Partial<Cluster> = {}): Cluster => ({
  id,
  displayName: id,
  opensAtOnce: false,
  watch: () => {
    throw new Error('not watched here');
  },
  ...rest,
});

const machine: ClusterRow = {
  kind: 'node',
  id: 'box',
  name: 'box',
  ready: true,
  roles: [],
  trouble: [],
  cordoned: false,
  version: undefined,
  architecture: undefined,
  allocatable: { cpu: 8, memory: 16 * 1024 ** 3, devices: {} },
  used: { cpu: 2, memory: 4.2 * 1024 ** 3 },
  rows: [{ kind: 'process', id: 'iris/41', name: 'iris 3/0', model: 'iris', pid: 41, phase: 'Ready', memory: 2 ** 20 }],
};

const pod = (rest: Partial<PodRow> = {}): PodRow => ({
  kind: 'pod',
  id: 'u1',
  name: 'web-1',
  namespace: 'team',
  status: 'Running',
  state: 'ok',
  ready: 1,
  restarts: 0,
  node: 'box',
  requests: { cpu: 0, memory: 0, devices: {} },
  containers: [{ name: 'web', role: 'main', image: 'web:1', ready: true, restarts: 0, status: 'Running', state: 'ok' }],
  ...rest,
});

const known = (rows: readonly ClusterRow[], rest: Partial<ClusterRows> = {}): Below => ({
  value: { rows, complete: true, ...rest },
  problem: undefined,
});

const belowOf =
  (all: Readonly<Record<string, Below>>) =>
  (id: string): Below | undefined =>
    all[id];

describe('clusters tree', () => {
  it('shows load and memory of a machine as text and its processes below', () => {
    const draw = clusterTreeMaker(untranslated);
    const [top] = draw([cluster('local', { opensAtOnce: true })], belowOf({ local: known([machine]) }));
    const [node] = top?.children ?? [];
    const [process] = node?.children ?? [];
    assert.ok(top !== undefined && node !== undefined && process !== undefined);
    assert.deepEqual([top.description, top.state], ['1 node', 'expanded']);
    assert.equal(node.description, 'CPU 25 % of 8 · memory 4.2 GB of 16 GB');
    assert.equal(process.description, 'Ready · pid 41 · 1.0 MB');
    assert.equal(process.accessibleLabel, 'Process iris 3/0, Ready · pid 41 · 1.0 MB');
    assert.equal(process.id, 'local/box/iris/41');
    assert.deepEqual(process.model, { targetId: 'local', name: 'iris' });
  });

  it('says that a cluster is being connected once it is opened', () => {
    const draw = clusterTreeMaker(untranslated);
    const [closed] = draw([cluster('kubernetes:a')], belowOf({}));
    assert.deepEqual([closed?.description, closed?.state, closed?.children], [undefined, 'collapsed', []]);
    const loading: Below = { value: undefined, problem: undefined };
    const [opening] = draw([cluster('kubernetes:a')], belowOf({ 'kubernetes:a': loading }));
    assert.deepEqual(
      opening?.children.map(({ label }) => label),
      ['Connecting'],
    );
  });

  it('keeps what it saw of a cluster that does not answer, and says since when', () => {
    const draw = clusterTreeMaker(untranslated);
    const stale = { since: new Date(), message: 'gone' };
    const [broken] = draw([cluster('kubernetes:a')], belowOf({ 'kubernetes:a': known([machine], { stale }) }));
    assert.match(broken?.description ?? '', /^no answer since /);
    const labels = broken?.children.map(({ label }) => label) ?? [];
    assert.equal(labels[0], 'box');
    assert.match(labels[1] ?? '', /^Old since .*: gone$/);
  });

  it('keeps the objects of rows that did not change, and makes those anew that did, with all above them', () => {
    const draw = clusterTreeMaker(untranslated);
    const children = (...rows: readonly ClusterRow[]) =>
      draw([cluster('c')], belowOf({ c: known(rows) })).flatMap((top) => top.children);
    const one = pod();
    const before = children(one, pod({ id: 'u2', name: 'web-2' }));
    const after = children(one, pod({ id: 'u2', name: 'web-2', restarts: 1 }));
    assert.equal(after[0], before[0]);
    assert.notEqual(after[1], before[1]);
    assert.match(after[1]?.description ?? '', /1 restart$/);
  });

  it('draws the containers of an opened pod and says first why it is not ready', () => {
    const draw = clusterTreeMaker(untranslated);
    const reason = '0/1 nodes are available: 1 Insufficient nvidia.com/gpu.';
    const pending = pod({ status: 'Unschedulable', state: 'progressing', ready: 0, reason });
    const [top] = draw([cluster('c')], belowOf({ c: known([pending]), 'c/u1': known([]) }));
    const [row] = top?.children ?? [];
    assert.equal(row?.description, `Unschedulable · 0/1 · ${reason}`);
    assert.deepEqual(
      row.children.map(({ label }) => label),
      [reason, 'web', 'Nothing here'],
    );
  });

  it('shows names and messages of a cluster inert', () => {
    const draw = clusterTreeMaker(untranslated);
    const hostile = pod({ name: 'a\u001b[31m\u202eb', reason: '[click](command:evil)', state: 'failed' });
    const [top] = draw([cluster('c')], belowOf({ c: known([hostile]) }));
    const [row] = top?.children ?? [];
    assert.equal(row?.label, 'a\\u202eb');
    assert.match(row.tooltip ?? '', /\\\[click\\\]\\\(command:evil\\\)/);
  });

  it('leads from a broken entry to its place in the file', () => {
    const draw = clusterTreeMaker(untranslated);
    const problem = { message: 'Its user bob is not defined.', file: '/k/config', line: 7 };
    const [top] = draw([cluster('x', { problem })], belowOf({}));
    assert.deepEqual(top?.opens, { file: '/k/config', line: 7 });
    assert.equal(top.description, problem.message);
  });

  it('draws the first rows of a long list and what was looked for, and counts the others', () => {
    const draw = clusterTreeMaker(untranslated);
    const nodes: ClusterRow = { kind: 'section', id: 'nodes', name: '', section: 'nodes' };
    const pods = Array.from({ length: 120 }, (_, index) => pod({ id: `u${index}`, name: `web-${index}` }));
    const below = belowOf({ c: known([nodes]), 'c/nodes': known(pods) });
    const section = (limit: number, ...found: readonly string[]) =>
      draw([cluster('c')], below, () => ({ limit, found: new Set(found) }))[0]?.children[0];
    assert.equal(section(50)?.children.length, 50);
    assert.equal(section(50)?.more, 70);
    assert.equal(section(50), section(50));
    assert.equal(section(100)?.children.length, 100);
    assert.equal(section(150)?.children.length, 120);
    assert.equal(section(150)?.more, 0);
    assert.deepEqual(
      section(50, 'c/nodes/u99', 'c/nodes/u3')
        ?.children.map(({ label }) => label)
        .slice(49),
      ['web-49', 'web-99'],
    );
    assert.equal(section(50, 'c/nodes/u99')?.more, 69);
  });

  it('says who may not see what, with a lock', () => {
    const draw = clusterTreeMaker(untranslated);
    const problem = { code: 'KubernetesForbidden', message: 'You are not allowed to list nodes on c.' };
    const [top] = draw([cluster('c')], belowOf({ c: { value: undefined, problem } }));
    assert.deepEqual(
      top?.children.map(({ label }) => label),
      [problem.message],
    );
    assert.deepEqual(top.children[0]?.icon, { id: 'lock' });
  });

  it('shows names and words inert, whoever chose them', () => {
    const evil = 'a\u001b[31m\u202eb\r\nc\u0007';
    const ref = { apiVersion: 'v1', kind: evil, plural: 'x', namespace: evil, name: evil, uid: evil };
    const named = { name: evil, ref };
    const amounts = { cpu: 1, memory: 1, devices: { [evil]: 1 } };
    const container = { ...pod().containers[0], name: evil, image: evil, status: evil, message: evil };
    const rows: readonly ClusterRow[] = [
      { ...machine, ...named, id: '1', roles: [evil], trouble: [evil], version: evil, allocatable: amounts },
      { kind: 'requested', ...named, id: '2', requested: amounts, allocatable: amounts },
      { kind: 'namespace', ...named, id: '3', phase: evil, named: true },
      {
        kind: 'workload',
        ...named,
        id: '4',
        workload: evil,
        ready: 0,
        desired: 1,
        state: 'failed',
        reason: evil,
        selector: '',
      },
      {
        ...pod({ ...named, status: evil, reason: evil, node: evil, requests: amounts }),
        id: '5',
        containers: [container as never],
      },
      { kind: 'event', ...named, id: '6', warning: true, reason: evil, message: evil, count: 2, at: evil, about: evil },
      { kind: 'check', ...named, id: '7', ok: false, text: evil },
      { kind: 'note', ...named, id: '8', note: 'problem', message: evil },
    ];
    const draw = clusterTreeMaker(untranslated);
    const nodes = draw(
      [
        cluster('c', { displayName: evil, description: evil }),
        cluster('d', { displayName: evil, problem: { message: evil, file: evil, line: 1 } }),
        cluster('e', { displayName: evil }),
      ],
      belowOf({
        c: known(rows, { stale: { since: new Date(0), message: evil } }),
        'c/5': known([]),
        e: { value: undefined, problem: { code: '', message: evil } },
      }),
    );
    const texts = (all: typeof nodes): readonly string[] =>
      all.flatMap((one) => [
        one.label,
        one.description ?? '',
        // Lines of our own end so.
        (one.tooltip ?? '').replaceAll('  \n', ''),
        one.accessibleLabel,
        ...texts(one.children),
      ]);
    const all = texts(nodes);
    assert.ok(all.length > 50);
    assert.deepEqual(
      all.filter((text) => /[\p{Cc}\p{Bidi_Control}]/u.test(text)),
      [],
    );
  });
});
