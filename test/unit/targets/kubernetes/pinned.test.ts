import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { kubernetesTargets } from '../../../../src/targets/kubernetes';

describe('the context that a workspace is about', () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'slw-pin-'));
    const names = ['a', 'b', 'arn:aws:eks:eu:1:cluster/ml'];
    const config = {
      clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:1' } }],
      contexts: names.map((name) => ({ name, context: { cluster: 'c', namespace: 'own' } })),
    };
    writeFileSync(path.join(folder, 'config'), JSON.stringify(config));
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });
  const at = (context: string, namespace: string | undefined) => ({
    home: '',
    resources: '',
    program: 'test',
    kubeconfig: path.join(folder, 'config'),
    pinned: { context, namespace },
  });
  const signal = new AbortController().signal;

  it('comes first among clusters and targets, with its namespace, and is marked', async () => {
    const pinned = at('arn:aws:eks:eu:1:cluster/ml', 'team');
    const clusters = await kubernetesTargets.clusters(pinned, signal);
    assert.deepEqual(
      clusters.map(({ displayName, pinned: is }) => [displayName, is ?? false]),
      [
        ['arn:aws:eks:eu:1:cluster/ml', true],
        ['a', false],
        ['b', false],
      ],
    );
    const targets = await kubernetesTargets.choices(pinned, signal);
    assert.deepEqual(
      targets.map(({ id }) => id),
      ['kubernetes:arn:aws:eks:eu:1:cluster/ml/team', 'kubernetes:a/own', 'kubernetes:b/own'],
    );
  });

  it('is opened again when another namespace is pinned, and may be one that is not there', async () => {
    const [one] = await kubernetesTargets.clusters(at('b', 'x'), signal);
    const [other] = await kubernetesTargets.clusters(at('b', undefined), signal);
    assert.notEqual(one?.revision, other?.revision);
    const clusters = await kubernetesTargets.clusters(at('gone', 'x'), signal);
    assert.equal(clusters.length, 3);
    assert.ok(clusters.every(({ pinned }) => pinned === undefined));
  });
});
