import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { request } from 'node:http';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { PullSecretQuestion } from '../../src/core/deploy';
import type { RolloutStep } from '../../src/core/target';
import type { ReleaseDifference } from '../../src/pipeline/compareReleases';
import { checkPull } from '../../src/pipeline/pullAccess';
import { makeServices } from '../../src/pipeline/services';
import { errorOf, slipway } from '../support/cli';
import { failure } from '../support/failure';
import { pass, startFaultProxy } from '../support/faultProxy';
import { startLoad } from '../support/load';
import { eventsOf, recordingHost } from '../support/recordingHost';
import { writeYaml } from '../testbed/kubernetes/files';
import { startApiProxy } from './apiProxy';
import { pushForeign, pushForSeveral } from './foreignImage';
import { openHazardBench, type HazardBench } from './hazardBench';
import { leaseOf, otherSelector } from './hazardObjects';
import { contentOf } from './releases';

describe('A deploy to a cluster that is not to be relied on', { timeout: 15 * 60_000 }, () => {
  let bench: HazardBench;
  before(async () => {
    bench = await openHazardBench();
  });
  after(() => bench.close());

  it('tells what is left where the credentials expire in the middle', async () => {
    await bench.namespace('expired');
    let isExpired = false;
    const body = '{"kind":"Status","reason":"Unauthorized","message":"Unauthorized"}';
    const proxy = await startApiProxy(bench.cluster, () => (isExpired ? { kind: 'answer', status: 401, body } : pass));
    try {
      const onStep = (): void => {
        isExpired = true;
      };
      const attempt = bench.deploy({ namespace: 'expired', kubeconfig: proxy.kubeconfig, onStep });
      const error = await failure(attempt, 'LeftHalfMade', /does not accept the credentials.*could not be taken back/);
      assert.match(error.remedy?.label ?? '', /slipway cleanup --target kubernetes:testbed\/expired/);
      await bench.cleansUp('expired', /first deploy or its removal was cut off/);
      await failure(
        bench.deploy({ namespace: 'expired', kubeconfig: proxy.kubeconfig }),
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
    await failure(bench.deploy({ namespace: 'doomed', onStep }), 'NamespaceMissing', /gone|being deleted/);
    await failure(bench.deploy({ namespace: 'doomed' }), 'NamespaceMissing', /being deleted|no namespace/);
  });

  it('takes a release to another namespace by its digest, and runs no Python for that', async () => {
    await bench.namespace('elsewhere');
    const digest = bench.content.image.split('@')[1] ?? '';
    const result = await slipway(['deploy', '--image', digest, ...bench.where('elsewhere')], {
      env: { ...process.env, PATH: '/nowhere' },
    });
    assert.equal(result.exitCode, 0, result.stdout);
    const steps = result.json.flatMap(({ event, step }) => (event === 'step' ? [step] : []));
    assert.deepEqual([...new Set(steps)], ['deploy']);
    const [there, here] = [await contentOf(bench.cluster, 'elsewhere', 'plain'), bench.content];
    assert.deepEqual(there, here);
    const again = await slipway(['deploy', '--image', digest, ...bench.where('elsewhere')]);
    assert.equal(again.json.at(-1)?.['unchanged'], true);
    const unknown = await slipway(['deploy', '--image', `sha256:${'0'.repeat(64)}`, ...bench.where('elsewhere')]);
    assert.equal(errorOf(unknown).code, 'ImageUnknown');
    const gone = bench.content.image.replace(/@.*/, `@sha256:${'0'.repeat(64)}`);
    const missing = await slipway(['deploy', '--image', gone, '--insecure', ...bench.where('elsewhere')]);
    assert.equal(errorOf(missing).code, 'ImageNotFound', missing.stdout);
    const foreign = await pushForeign(bench.cluster.registry.host);
    const misfit = await slipway(['deploy', '--image', foreign, '--insecure', ...bench.where('elsewhere')]);
    assert.equal(errorOf(misfit).code, 'ArchitectureMismatch', misfit.stdout);
    assert.match(errorOf(misfit).message ?? '', /the image is for linux\/s390x/);
    const several = await pushForSeveral(bench.content.image);
    const taken = await slipway([
      ...['deploy', '--image', several, '--insecure', '--name', 'several'],
      ...bench.where('elsewhere'),
    ]);
    assert.equal(taken.exitCode, 0, taken.stdout);
  });

  it('cleans up after a command line that was killed, and so does the next deploy', async () => {
    await bench.namespace('killed');
    await bench.kill('killed', /Applying/);
    await bench.cleansUp('killed', /cut off/);
    assert.equal((await bench.deploy({ namespace: 'killed' })).phase, 'Ready');
    await bench.kill('killed', /Waiting|Pulling|Loading/);
    assert.equal((await bench.deploy({ namespace: 'killed' })).phase, 'Ready');
    const target = await bench.target('killed');
    assert.deepEqual(await target.leftovers?.(bench.workspace.signal), []);
    const [model] = await target.models(bench.workspace.signal);
    const kept = (await bench.ours('killed')).filter((name) => name.startsWith('configmap'));
    assert.equal(kept.length, model?.releases.length);
  });

  it('goes on where the kubelet was killed while it pulled or loaded', async () => {
    await bench.namespace('no-kubelet');
    let restart: Promise<void> | undefined;
    const onStep = (step: RolloutStep): void => {
      if (step.kind !== 'progress' || !/^(?:Pulling|Loading)/.test(step.message)) return;
      restart ??= bench.cluster.restartKubelet();
    };
    const model = await bench.deploy({ namespace: 'no-kubelet', onStep });
    assert.ok(restart !== undefined);
    await restart;
    assert.equal(model.phase, 'Ready');
  });

  it('warns that nodes lack a credential, and gives them that of this machine after asking', async () => {
    await bench.namespace('pulls');
    const [hostname, port] = bench.cluster.registry.host.split(':');
    const answer = { kind: 'answer', status: 401, headers: { 'www-authenticate': 'Basic realm="test"' } } as const;
    const proxy = await startFaultProxy(
      (options) => request({ hostname, port, ...options }),
      ({ authorization }) => (authorization === undefined ? answer : pass),
    );
    try {
      const password = 'p4ssw0rd-of-ana';
      const { kubeconfig } = bench.cluster;
      const context = { ...bench.workspace.services.context, kubeconfig };
      const services = makeServices(context, {
        credentials: () => Promise.resolve({ kind: 'password', username: 'ana', password }),
      });
      const target = await bench.target('pulls');
      const check = { target, reference: { registry: proxy.host, repository: 'team/plain' }, insecure: true };
      const refusing = recordingHost();
      await checkPull(services, refusing, check, bench.workspace.signal);
      const [{ finding } = {}] = eventsOf(refusing, 'finding');
      assert.equal(finding?.code, 'PullSecretMissing');
      const asked: PullSecretQuestion[] = [];
      const agreeing = {
        ...recordingHost(),
        confirmPullSecret: (question: PullSecretQuestion) => Promise.resolve(asked.push(question) > 0),
      };
      await checkPull(services, agreeing, check, bench.workspace.signal);
      await checkPull(services, agreeing, check, bench.workspace.signal);
      assert.deepEqual(asked, [{ target: target.displayName, registry: proxy.host, username: 'ana' }]);
      assert.ok(!JSON.stringify([refusing.events, agreeing.events]).includes(password));
      const secrets = await bench.kubectl(
        'get',
        'secrets',
        '-n',
        'pulls',
        '-o=jsonpath={.items[*].data.\\.dockerconfigjson}',
      );
      assert.match(Buffer.from(secrets, 'base64').toString(), new RegExp(`"${proxy.host}".*${password}`));
    } finally {
      await proxy.stop();
    }
  });

  it('restarts without a request that fails, and tells what changed between releases', async () => {
    await bench.namespace('restarted');
    await bench.deploy({ namespace: 'restarted' });
    await bench.deploy({ namespace: 'restarted', readyTimeoutSeconds: 90 });
    const target = await bench.target('restarted');
    const pods = (): Promise<string> => bench.kubectl('get', 'pods', '-n', 'restarted', '-o=name');
    const before = await pods();
    const url = `${await bench.reach('restarted', 'plain')}/invocations`;
    const load = startLoad(url, JSON.stringify({ inputs: [1] }));
    try {
      await load.answers(5);
      await target.restart?.('plain', bench.workspace.signal);
      await load.answers(5);
    } finally {
      assert.deepEqual((await load.stop()).failures, []);
    }
    assert.notEqual(await pods(), before);
    const compared = await slipway(['compare', 'plain', '1', '2', ...bench.where('restarted')]);
    const [{ differences } = {}] = compared.json;
    const changed = (differences as readonly ReleaseDifference[]).map(({ what }) => what);
    assert.deepEqual(changed, ['ready within', 'made']);
    const [model] = await target.models(bench.workspace.signal);
    assert.deepEqual([model?.phase, model?.version], ['Ready', 2]);
  });

  it('shows the words of a quota, and leaves nothing', async () => {
    await bench.namespace('quota');
    const afterPreflight = () =>
      bench.kubectl('create', 'quota', 'few', '--hard=count/deployments.apps=0', '-n', 'quota');
    await failure(bench.deploy({ namespace: 'quota', afterPreflight }), 'QuotaExceeded', /exceeded quota: few/);
    assert.deepEqual(await bench.ours('quota'), []);
  });

  it('keeps the release that runs where somebody else owns a field, and forgets its own', async () => {
    await bench.namespace('owned');
    await bench.deploy({ namespace: 'owned' });
    await bench.kubectl(
      'patch',
      'deployment',
      'plain',
      '-n',
      'owned',
      '--field-manager=gitops',
      '-p',
      JSON.stringify({ spec: { minReadySeconds: 2 } }),
    );
    await failure(bench.deploy({ namespace: 'owned' }), 'KubernetesConflict', /gitops/);
    const releases = (await bench.ours('owned')).filter((name) => name.startsWith('configmap'));
    assert.deepEqual(releases, ['configmap/plain.v1']);
  });

  it('says that an object cannot be changed in that way', async () => {
    await bench.namespace('immutable');
    const file = writeYaml(`${bench.cluster.folder}/selector.yaml`, otherSelector('immutable'));
    await bench.kubectl('apply', '--server-side', '--field-manager=slipway', '-f', file);
    await failure(bench.deploy({ namespace: 'immutable' }), 'KubernetesInvalid', /immutable/);
  });

  it('takes a lease whose holder died, whatever its clock said', async () => {
    await bench.namespace('clocks');
    await bench.apply(leaseOf('clocks', '2099-01-01T00:00:00.000000Z'));
    assert.equal((await bench.deploy({ namespace: 'clocks' })).phase, 'Ready');
  });
});
