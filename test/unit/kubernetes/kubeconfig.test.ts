import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { readKubeconfigs } from '../../../src/clients/kubernetes/kubeconfig';
import { kubeconfigFiles } from '../../../src/clients/kubernetes/kubeconfigFiles';

describe('kubeconfig files', () => {
  let folder = '';
  const file = (name: string, text: string): string => {
    const at = path.join(folder, name);
    writeFileSync(at, text);
    return at;
  };
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'slw-kubeconfig-'));
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });

  const good = (name: string, server = 'https://10.0.0.1:6443'): string => `
apiVersion: v1
kind: Config
current-context: ${name}
clusters: [{name: ${name}, cluster: {server: "${server}", certificate-authority: ca.crt}}]
users: [{name: ${name}, user: {token: t-${name}}}]
contexts: [{name: ${name}, context: {cluster: ${name}, user: ${name}, namespace: team}}]
`;

  it('merges several, of which the first counts, and lets a context name a cluster of another', async () => {
    const one = file('one', good('a'));
    const two = file(
      'two',
      `${good('a', 'https://other:1')}\n`.replace(
        'contexts: [',
        'contexts: [{name: b, context: {cluster: a, user: a}}, ',
      ),
    );
    const { contexts, problems, currentContext } = await readKubeconfigs([one, path.join(folder, 'absent'), two]);
    assert.deepEqual(problems, []);
    assert.equal(currentContext, 'a');
    assert.deepEqual(
      contexts.map(({ name, file: from, cluster }) => [name, path.basename(from), cluster.server]),
      [
        ['a', 'one', 'https://10.0.0.1:6443'],
        ['b', 'two', 'https://10.0.0.1:6443'],
      ],
    );
    assert.deepEqual(
      contexts.map(({ cluster, user }) => [cluster.caFile, user.token]),
      [
        [path.join(folder, 'ca.crt'), 't-a'],
        [path.join(folder, 'ca.crt'), 't-a'],
      ],
    );
  });

  it('keeps the good contexts of a file with bad ones, and says where those stand', async () => {
    const mixed = file(
      'mixed',
      `clusters:
- name: fine
  cluster: {server: https://10.0.0.1}
- name: odd
  cluster: {server: "10.0.0.1:6443"}
users: []
contexts:
- name: good
  context: {cluster: fine, user: ""}
- name: no-cluster
  context: {cluster: nowhere}
- name: no-user
  context: {cluster: fine, user: nobody}
- name: bad-server
  context: {cluster: odd}
- context: {cluster: fine}
`,
    );
    const { contexts, problems } = await readKubeconfigs([mixed]);
    assert.deepEqual(
      contexts.map(({ name }) => name),
      ['good'],
    );
    assert.deepEqual(
      problems.map(({ context, line, message }) => [context, line, message]),
      [
        [undefined, 16, 'An entry of contexts has no name.'],
        ['no-cluster', 10, 'Its cluster nowhere is not defined.'],
        ['no-user', 12, 'Its user nobody is not defined.'],
        ['bad-server', 14, 'The server of its cluster odd is no http or https address: 10.0.0.1:6443.'],
      ],
    );
  });

  it('reads the other files when one is half written, binary or a folder', async () => {
    const fine = file('fine', good('a'));
    const half = file('half', 'apiVersion: v1\nclusters:\n- name: "x');
    const binary = file('binary', '\u0000\u0001\u0002');
    const { contexts, problems } = await readKubeconfigs([half, binary, folder, fine]);
    assert.deepEqual(
      contexts.map(({ name }) => name),
      ['a'],
    );
    assert.deepEqual(
      [...new Set(problems.map((one) => path.basename(one.file)))].sort(),
      [path.basename(folder), 'binary', 'half'].sort(),
    );
    assert.match(problems.find((one) => one.file === half)?.message ?? '', /no valid YAML/);
  });

  it('takes the chosen files, else those of KUBECONFIG without empty parts and repetitions, else the usual one', () => {
    const list = (...files: readonly string[]): string => files.join(path.delimiter);
    assert.deepEqual(kubeconfigFiles(list('/c'), { KUBECONFIG: '/a' }), ['/c']);
    assert.deepEqual(kubeconfigFiles('', { KUBECONFIG: list('', '/a', '/b', '/a', '') }), ['/a', '/b']);
    assert.match(kubeconfigFiles('', {})[0] ?? '', /[\\/]\.kube[\\/]config$/);
  });
});
