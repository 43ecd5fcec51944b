import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { ImageContent } from '../../src/core/target';
import type { ReleaseDifference } from '../../src/pipeline/compareReleases';
import { buildCli, cliProgram, errorOf, slipway } from '../support/cli';
import { eventually } from '../support/eventually';
import { failure } from '../support/failure';
import { pass, type Fault } from '../support/faultProxy';
import { startLoad } from '../support/load';
import { plainProject } from '../support/plainProject';
import { openWorkspace, type Workspace } from '../support/workspace';
import { writeYaml } from '../testbed/kubernetes/files';
import { startApiProxy } from './apiProxy';
import { openDeployBench, type DeployBench } from './deployBench';
import { contentOf, quickDeploy, quickTarget, type QuickDeploy } from './releases';

const kinds = 'deployments,pods,services,serviceaccounts,configmaps,secrets,leases';

describe('A deploy to a cluster that is not to be relied on', { timeout: 15 * 60_000 }, () => {
  let bench: DeployBench;
  let workspace: Workspace;
  let content: ImageContent;
  before(async () => {
    await buildCli();
    bench = await openDeployBench();
    workspace = await openWorkspace(await bench.namespace('plain'));
    await workspace.deploy({ path: await workspace.writeProject('plain', plainProject()) });
    content = await contentOf(bench.cluster, 'plain', 'plain');
  });
  after(async () => {
    assert.deepEqual(await workspace.close(), []);
    await bench.cluster.stop();
  });

  const deploy = (options: Omit<QuickDeploy, 'content'>, signal?: AbortSignal) =>
    quickDeploy(workspace, bench.cluster, { content, ...options }, signal);
  const kubectl = (...args: string[]): Promise<string> => bench.cluster.kubectl(...args);

  async function ours(namespace: string): Promise<readonly string[]> {
    const names = await kubectl('get', kinds, '-n', namespace, '-l=app.kubernetes.io/managed-by=slipway', '-o=name');
    return names.split('\n').filter((name) => name !== '');
  }

  /** What was left is listed, and nothing is after it was cleaned up. */
  async function cleansUp(namespace: string, found: RegExp): Promise<void> {
    const target = await quickTarget(workspace, bench.cluster, { namespace });
    const leftovers = (await target.leftovers?.(workspace.signal)) ?? [];
    assert.deepEqual(
      leftovers.map(({ model }) => model),
      ['plain'],
    );
    assert.match(leftovers[0]?.found ?? '', found);
    await target.cleanUp?.('plain', workspace.signal);
    assert.deepEqual(await target.leftovers?.(workspace.signal), []);
  }

  async function apply(...objects: readonly object[]): Promise<void> {
    await kubectl('apply', '-f', writeYaml(`${bench.cluster.folder}/hazard.yaml`, ...objects));
  }

  it('gets through what cuts, hangs, forgets answers, lies and is too busy, at every request', async () => {
    await bench.namespace('bad-network');
    let [isBad, hung] = [false, false];
    const seen = new Map<string, number>();
    const changing: readonly Fault[] = [
      { kind: 'cut', afterBytes: 1 },
      { kind: 'loseAnswer' },
      { kind: 'answer', status: 200, body: '<html>Log in</html>' },
    ];
    const reading: readonly Fault[] = [
      { kind: 'answer', status: 429, headers: { 'retry-after': '1' }, body: '{"message":"too many"}' },
      { kind: 'answer', status: 500, body: 'etcdserver: leader changed' },
      { kind: 'loseAnswer' },
    ];
    const proxy = await startApiProxy(bench.cluster, ({ method, path }) => {
      isBad ||= method === 'POST' && path.includes('/leases');
      if (!isBad) return pass;
      if (method === 'PATCH' && path.includes('/services/') && !hung) {
        hung = true;
        return { kind: 'hang' };
      }
      const key = `${method} ${path.replace(/\?.*/, '')}`;
      const count = seen.get(key) ?? 0;
      seen.set(key, count + 1);
      const faults = method === 'GET' ? reading.slice(seen.size % 3, (seen.size % 3) + 1) : changing;
      return faults[count] ?? pass;
    });
    try {
      const model = await deploy({ namespace: 'bad-network', kubeconfig: proxy.kubeconfig });
      assert.deepEqual([model.phase, model.version], ['Ready', 1]);
      assert.deepEqual(
        (await ours('bad-network')).filter((name) => /lease|configmap/.test(name)),
        ['configmap/plain.v1'],
      );
    } finally {
      await proxy.stop();
    }
  });

  it('tells what is left where the credentials expire in the middle', async () => {
    await bench.namespace('expired');
    let isExpired = false;
    const body = '{"kind":"Status","reason":"Unauthorized","message":"Unauthorized"}';
    const proxy = await startApiProxy(bench.cluster, () => (isExpired ? { kind: 'answer', status: 401, body } : pass));
    try {
      const onStep = (): void => {
        isExpired = true;
      };
      const attempt = deploy({ namespace: 'expired', kubeconfig: proxy.kubeconfig, onStep });
      const error = await failure(attempt, 'LeftHalfMade', /does not accept the credentials.*could not be taken back/);
      assert.match(error.remedy?.label ?? '', /slipway cleanup --target kubernetes:testbed\/expired/);
      await cleansUp('expired', /first deploy or its removal was cut off/);
      await failure(
        deploy({ namespace: 'expired', kubeconfig: proxy.kubeconfig }),
        'KubernetesUnauthorized',
        /apply|read/,
      );
    } finally {
      await proxy.stop();
    }
  });

  it('tells that the namespace was deleted in the middle', async () => {
    await bench.namespace('doomed');
    const program = path.join(process.env['SLIPWAY_TEST_KUBERNETES'] ?? '', 'kubectl');
    const args = [`--kubeconfig=${bench.cluster.kubeconfig}`, 'delete', 'namespace', 'doomed', '--wait=false'];
    let isDeleted = false;
    const onStep = (): void => {
      // The deploy waits meanwhile, however slow the machine is.
      if (!isDeleted) spawnSync(program, args);
      isDeleted = true;
    };
    await failure(deploy({ namespace: 'doomed', onStep }), 'NamespaceMissing', /gone|being deleted/);
    await failure(deploy({ namespace: 'doomed' }), 'NamespaceMissing', /being deleted|no namespace/);
  });

  it('takes a release to another namespace by its digest, and runs no Python for that', async () => {
    await bench.namespace('elsewhere');
    const digest = content.image.split('@')[1] ?? '';
    const result = await slipway(commandLine('elsewhere', digest), { env: { ...process.env, PATH: '/nowhere' } });
    assert.equal(result.exitCode, 0, result.stdout);
    const steps = result.json.flatMap(({ event, step }) => (event === 'step' ? [step] : []));
    assert.deepEqual([...new Set(steps)], ['deploy']);
    const [there, here] = [await contentOf(bench.cluster, 'elsewhere', 'plain'), content];
    assert.deepEqual(there, here);
    const again = await slipway(commandLine('elsewhere', digest));
    assert.equal(again.json.at(-1)?.['unchanged'], true);
    const unknown = await slipway(commandLine('elsewhere', `sha256:${'0'.repeat(64)}`));
    assert.equal(errorOf(unknown).code, 'ImageUnknown');
  });

  it('cleans up after a command line that was killed, and so does the next deploy', async () => {
    await bench.namespace('killed');
    await kill('killed', /Applying/);
    await cleansUp('killed', /cut off/);
    assert.equal((await deploy({ namespace: 'killed' })).phase, 'Ready');
    await kill('killed', /Waiting|Pulling|Loading/);
    assert.equal((await deploy({ namespace: 'killed' })).phase, 'Ready');
    const target = await quickTarget(workspace, bench.cluster, { namespace: 'killed' });
    assert.deepEqual(await target.leftovers?.(workspace.signal), []);
    const [model] = await target.models(workspace.signal);
    const kept = (await ours('killed')).filter((name) => name.startsWith('configmap'));
    assert.equal(kept.length, model?.releases.length);
  });

  it('restarts without a request that fails, and tells what changed between releases', async () => {
    await bench.namespace('restarted');
    await deploy({ namespace: 'restarted' });
    await deploy({ namespace: 'restarted', readyTimeoutSeconds: 90 });
    const target = await quickTarget(workspace, bench.cluster, { namespace: 'restarted' });
    const pods = (): Promise<string> => kubectl('get', 'pods', '-n', 'restarted', '-o=name');
    const before = await pods();
    const url = `${await bench.reach('restarted', 'plain')}/invocations`;
    const load = startLoad(url, JSON.stringify({ inputs: [1] }));
    try {
      await load.answers(5);
      await target.restart?.('plain', workspace.signal);
      await load.answers(5);
    } finally {
      assert.deepEqual((await load.stop()).failures, []);
    }
    assert.notEqual(await pods(), before);
    const where = commandLine('restarted', '').slice(3);
    const compared = await slipway(['compare', 'plain', '1', '2', ...where]);
    const [{ differences } = {}] = compared.json;
    const changed = (differences as readonly ReleaseDifference[]).map(({ what }) => what);
    assert.deepEqual(changed, ['ready within', 'made']);
    const [model] = await target.models(workspace.signal);
    assert.deepEqual([model?.phase, model?.version], ['Ready', 2]);
  });

  function commandLine(namespace: string, digest: string): readonly string[] {
    const { kubeconfig } = bench.cluster;
    const where = ['--target', `kubernetes:testbed/${namespace}`, '--kubeconfig', kubeconfig, '--home', workspace.home];
    return ['deploy', '--image', digest, ...where, '--json'];
  }

  /** Ends a deploy without a chance to tidy up, when it says something. */
  async function kill(namespace: string, when: RegExp): Promise<void> {
    const args = [...commandLine(namespace, content.image), '--port', '80'];
    const child = spawn(process.execPath, [cliProgram, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    child.stdout.on('data', (chunk: Buffer) => {
      if (when.test(chunk.toString())) child.kill('SIGKILL');
    });
    const [, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    assert.equal(signal, 'SIGKILL');
  }

  it('shows the words of a quota, and leaves nothing', async () => {
    await bench.namespace('quota');
    const afterPreflight = () => kubectl('create', 'quota', 'few', '--hard=count/deployments.apps=0', '-n', 'quota');
    await failure(deploy({ namespace: 'quota', afterPreflight }), 'QuotaExceeded', /exceeded quota: few/);
    assert.deepEqual(await ours('quota'), []);
  });

  it('shows the words of a policy, and leaves nothing', async () => {
    await bench.namespace('policy');
    await apply(...policy('policy', 'object.spec.replicas > 90', 'Models need more than \u001b[31m90 replicas.'));
    await eventually('the policy counts', 20, async () => {
      const error = await deploy({ namespace: 'policy' }).then(
        () => undefined,
        (cause: unknown) => cause,
      );
      return (
        error !== undefined &&
        failure(Promise.reject(error as Error), 'PolicyRefused', /need more than 90 replicas/).then(() => true)
      );
    });
    assert.deepEqual(await ours('policy'), []);
  });

  it('names the webhook that does not answer', async () => {
    await bench.namespace('webhook');
    await apply(webhook('webhook', 'https://127.0.0.1:1/'));
    await eventually('the webhook is asked', 20, async () => {
      const error = await deploy({ namespace: 'webhook' }).then(
        () => undefined,
        (cause: unknown) => cause,
      );
      return (
        error !== undefined &&
        failure(Promise.reject(error as Error), 'KubernetesWebhookFailed', /down\.example\.com/).then(() => true)
      );
    });
    assert.deepEqual(await ours('webhook'), []);
  });

  it('keeps the release that runs where somebody else owns a field, and forgets its own', async () => {
    await bench.namespace('owned');
    await deploy({ namespace: 'owned' });
    await kubectl(
      'patch',
      'deployment',
      'plain',
      '-n',
      'owned',
      '--field-manager=gitops',
      '-p',
      JSON.stringify({ spec: { minReadySeconds: 2 } }),
    );
    await failure(deploy({ namespace: 'owned' }), 'KubernetesConflict', /gitops/);
    const releases = (await ours('owned')).filter((name) => name.startsWith('configmap'));
    assert.deepEqual(releases, ['configmap/plain.v1']);
  });

  it('says that an object cannot be changed in that way', async () => {
    await bench.namespace('immutable');
    const file = writeYaml(`${bench.cluster.folder}/selector.yaml`, otherSelector('immutable'));
    await kubectl('apply', '--server-side', '--field-manager=slipway', '-f', file);
    await failure(deploy({ namespace: 'immutable' }), 'KubernetesInvalid', /immutable/);
  });

  it('takes a lease whose holder died, whatever its clock said', async () => {
    await bench.namespace('clocks');
    await apply(leaseOf('clocks', '2099-01-01T00:00:00.000000Z'));
    assert.equal((await deploy({ namespace: 'clocks' })).phase, 'Ready');
  });
});

function policy(namespace: string, expression: string, message: string): readonly object[] {
  const api = { apiVersion: 'admissionregistration.k8s.io/v1', metadata: { name: namespace } };
  const resourceRules = [
    { apiGroups: ['apps'], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['deployments'] },
  ];
  const namespaceSelector = { matchLabels: { 'kubernetes.io/metadata.name': namespace } };
  return [
    {
      ...api,
      kind: 'ValidatingAdmissionPolicy',
      spec: {
        failurePolicy: 'Fail',
        matchConstraints: { resourceRules },
        validations: [{ expression, message }],
      },
    },
    {
      ...api,
      kind: 'ValidatingAdmissionPolicyBinding',
      spec: { policyName: namespace, validationActions: ['Deny'], matchResources: { namespaceSelector } },
    },
  ];
}

function webhook(namespace: string, url: string): object {
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: namespace },
    webhooks: [
      {
        name: 'down.example.com',
        clientConfig: { url },
        rules: [
          { apiGroups: ['apps'], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['deployments'] },
        ],
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
        failurePolicy: 'Fail',
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
      },
    ],
  };
}

function otherSelector(namespace: string): object {
  const labels = { app: 'plain' };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: 'plain',
      namespace,
      labels: { 'app.kubernetes.io/managed-by': 'slipway', 'slipway.dev/model': 'plain' },
    },
    spec: {
      replicas: 0,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'model', image: 'none' }] } },
    },
  };
}

function leaseOf(namespace: string, time: string): object {
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: 'slipway-plain', namespace },
    spec: {
      holderIdentity: 'slipway elsewhere 1 00000000',
      leaseDurationSeconds: 15,
      acquireTime: time,
      renewTime: time,
    },
  };
}
