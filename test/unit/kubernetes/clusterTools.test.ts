import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { addCredentials, findClusters, type ToolAnswer } from '../../../src/clients/kubernetes/clusterTools';
import { isUserError } from '../../../src/core/errors';

/** What each program prints, by its documentation, for the arguments that list its clusters. */
const documented: Readonly<Record<string, readonly [string, string]>> = {
  gcloud: [
    'container clusters list --format=json --quiet',
    '[{"name":"prod","location":"europe-west1","currentMasterVersion":"1.34.1-gke.1","status":"RUNNING"}]',
  ],
  aws: ['eks list-clusters --output json', '{"clusters":["ml","web"]}'],
  az: [
    'aks list --output json',
    '[{"name":"dev","resourceGroup":"team","location":"westeurope","kubernetesVersion":"1.34.0"}]',
  ],
  kind: ['get clusters', 'kind\\nother'],
  minikube: ['profile list --output json', '{"invalid":[],"valid":[{"Name":"minikube","Status":"Running"}]}'],
  k3d: ['cluster list --output json', '[{"name":"lab"}]'],
};

describe('clusters of other tools', () => {
  let folder = '';
  const { PATH, SHELL } = process.env;
  /** A stand-in that keeps its arguments and KUBECONFIG, and answers as documented to those that list. */
  const standIn = (name: string, script: string): void => {
    const file = path.join(folder, name);
    writeFileSync(file, `#!/bin/sh\necho "$KUBECONFIG $*" >> "${file}.calls"\n${script}\n`);
    chmodSync(file, 0o755);
  };
  const calls = (name: string): readonly string[] =>
    readFileSync(path.join(folder, `${name}.calls`), 'utf8')
      .trimEnd()
      .split('\n');

  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'slw-tools-'));
    process.env['PATH'] = [folder, '/usr/bin', '/bin'].join(path.delimiter);
    delete process.env['SHELL'];
    for (const [name, [list, answer]] of Object.entries(documented))
      standIn(name, `[ "$*" = "${list}" ] && { printf '${answer}\\n'; exit 0; }\n[ "$1" = eks ] && exit 3\nexit 0`);
  });
  after(() => {
    process.env['PATH'] = PATH;
    if (SHELL !== undefined) process.env['SHELL'] = SHELL;
    rmSync(folder, { recursive: true });
  });

  const answerOf = async (program: string): Promise<ToolAnswer> => {
    const found = (await findClusters(AbortSignal.timeout(20_000))).find(({ tool }) => tool.program === program);
    assert.ok(found !== undefined);
    return found;
  };

  it('are listed by each program that is installed', async () => {
    const answers = await findClusters(AbortSignal.timeout(20_000));
    assert.deepEqual(
      answers.map(({ tool, clusters }) => [
        tool.program,
        clusters.map(({ name, description }) => `${name}: ${description}`),
      ]),
      [
        ['gcloud', ['prod: europe-west1 · 1.34.1-gke.1 · RUNNING']],
        ['aws', ['ml: ', 'web: ']],
        ['az', ['dev: team · westeurope · 1.34.0']],
        ['kind', ['kind: ', 'other: ']],
        ['minikube', ['minikube: Running']],
        ['k3d', ['lab: ']],
      ],
    );
  });

  it('are added by the program’s own command, to the kubeconfig that was chosen', async () => {
    const { tool, clusters } = await answerOf('gcloud');
    const [cluster] = clusters;
    assert.ok(cluster !== undefined);
    await addCredentials(tool, cluster, '/k/config', AbortSignal.timeout(20_000));
    assert.equal(
      calls('gcloud').at(-1),
      '/k/config container clusters get-credentials prod --location europe-west1 --quiet',
    );
  });

  it('are told why when a program refuses, without hiding those of others', async () => {
    standIn('az', 'echo "Please run az login to set up an account." >&2; exit 1');
    standIn('k3d', 'echo "no JSON at all"');
    const answers = await findClusters(AbortSignal.timeout(20_000));
    const problems = answers.flatMap(({ tool, problem }) => (problem === undefined ? [] : [[tool.program, problem]]));
    assert.deepEqual(problems, [
      ['az', 'Please run az login to set up an account.'],
      ['k3d', 'Its list cannot be read.'],
    ]);
    const { tool, clusters } = await answerOf('aws');
    const [cluster] = clusters;
    assert.ok(cluster !== undefined);
    await assert.rejects(addCredentials(tool, cluster, '', AbortSignal.timeout(20_000)), (error: unknown) => {
      return (
        isUserError(error) &&
        error.code === 'ClusterToolFailed' &&
        error.message.startsWith('Amazon EKS gave no way to ml.')
      );
    });
  });
});
