import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { DeployedModel } from '../../src/core/deployment';
import { deployModel, type DeployModelRequest } from '../../src/pipeline/deployModel';
import { predict } from '../../src/pipeline/predict';
import { makeServices, openTarget, type Services } from '../../src/pipeline/services';
import { eventually } from '../support/eventually';
import { failure, reasonOf } from '../support/failure';
import { startLoad } from '../support/load';
import { editCell } from '../support/notebooks';
import { plainProject } from '../support/plainProject';
import { recordingHost, type RecordingHost } from '../support/recordingHost';
import { openWorkspace, repository, type Workspace, type WorkspaceOptions } from '../support/workspace';
import { startRegistry } from '../testbed/docker/registry';
import { writeYaml } from '../testbed/kubernetes/files';
import { openDeployBench, type DeployBench } from './deployBench';

const doubled = { inputs: [1, 2.5] };
const kinds = 'deployments,replicasets,pods,services,serviceaccounts,secrets,leases';

/** A namespace as a user of the cluster sees it. */
interface Site {
  readonly services: Services;
  readonly target: string;
  deploy(
    request: Omit<DeployModelRequest, 'target'>,
    host?: RecordingHost,
    signal?: AbortSignal,
  ): Promise<DeployedModel>;
  predict(name: string): Promise<unknown>;
  model(name: string): Promise<DeployedModel | undefined>;
}

describe('A deploy to Kubernetes', { timeout: 15 * 60_000 }, () => {
  let bench: DeployBench;
  /** One home for all, so that packages are installed once. */
  let workspace: Workspace;
  const opened: Services[] = [];
  before(async () => {
    bench = await openDeployBench();
    workspace = await openWorkspace(await bench.namespace('base'));
  });
  after(async () => {
    for (const services of opened) services.close();
    assert.deepEqual(await workspace.close(), []);
    await bench.cluster.stop();
  });

  const open = async (namespace: string, kubeconfig?: string): Promise<Site> =>
    siteOf(await bench.namespace(namespace, kubeconfig));

  function siteOf({ target, image, kubeconfig = '' }: WorkspaceOptions): Site {
    const { signal } = workspace;
    const services = makeServices({ ...workspace.services.context, kubeconfig });
    opened.push(services);
    const imageOf = (name: string) => (image === undefined ? {} : { image: image(name) });
    return {
      services,
      target,
      deploy: (request, host = recordingHost(), abort = signal) =>
        deployModel(
          services,
          host,
          { ...imageOf(request.name ?? path.basename(request.path)), ...request, target },
          abort,
        ),
      predict: async (name) =>
        (await predict(await openTarget(services, target), name, JSON.stringify(doubled), signal)).answer.predictions,
      model: async (name) =>
        (await (await openTarget(services, target)).models(signal)).find((one) => one.name === name),
    };
  }

  /** A project whose model does something in a container that it does not do here. */
  function faulty(name: string, fault: string): Promise<string> {
    const source = `import os, time\n\ndef load():\n    if os.path.exists('/opt/slipway/bundle'):\n        ${fault}\n`;
    return workspace.writeProject(name, plainProject([{ id: 'load', source }]));
  }

  async function objectsIn(namespace: string): Promise<string> {
    return (await bench.cluster.kubectl('get', kinds, '-n', namespace, '-o=name')).replace(
      'serviceaccount/default\n',
      '',
    );
  }

  it('goes back when the model raises, with the cell that did', async () => {
    const site = await open('raising');
    const folder = await workspace.writeProject('raising', plainProject());
    await site.deploy({ path: folder });
    const broken = await faulty('broken', 'raise RuntimeError("the weights are gone")');
    const deploy = site.deploy({ path: broken, name: 'raising', readyTimeoutSeconds: 120 });
    const error = await failure(
      deploy,
      'RolloutFailed',
      /Release 2 did not become ready.*the weights are gone.*Release 1 keeps/,
    );
    assert.match(reasonOf(error).traceback ?? '', /RuntimeError: the weights are gone/);
    assert.deepEqual([error.location?.cell, error.location?.line], ['load', 5]);
    const model = await site.model('raising');
    assert.deepEqual([model?.phase, model?.version], ['Ready', 1]);
    assert.deepEqual(
      model?.releases.map(({ version, status }) => [version, status]),
      [
        [1, 'active'],
        [2, 'failed'],
      ],
    );
    assert.deepEqual(await site.predict('raising'), [2, 5]);
  });

  it('leaves no pods of a first release that fails, and says why', async () => {
    const site = await open('first');
    const folder = await faulty('first', 'time.sleep(600)');
    const deploy = site.deploy({ path: folder, readyTimeoutSeconds: 4 });
    await failure(deploy, 'RolloutFailed', /Release 1 did not become ready/);
    const model = await site.model('first');
    assert.deepEqual(
      [model?.phase, model?.version, model?.endpoint, model?.replicas.desired],
      ['Failed', undefined, undefined, 0],
    );
    assert.match(model?.reason?.message ?? '', /not ready after \d+ s/);
    const good = await workspace.writeProject('good', plainProject());
    assert.equal((await site.deploy({ path: good, name: 'first' })).version, 2);
    assert.deepEqual(await site.predict('first'), [2, 5]);
  });

  it('shows the words of a registry that the nodes do not reach', async () => {
    const registry = await startRegistry();
    try {
      const options = await bench.namespace('pulling');
      const { base = '', insecure = [] } = options.image?.('x') ?? {};
      const reference = { registry: registry.host, repository: 'away/model' };
      const image = () => ({ reference, base, insecure: [...insecure, registry.host] });
      const site = siteOf({ ...options, image });
      const folder = await workspace.writeProject('pulling', plainProject());
      const error = await failure(site.deploy({ path: folder }), 'RolloutFailed', /image cannot be pulled/);
      assert.equal(reasonOf(error).code, 'ImagePullFailed');
      assert.match(reasonOf(error).message ?? '', /connection refused|failed to do request/);
    } finally {
      await registry.stop();
    }
  });

  it('shows the words of a quota', async () => {
    const site = await open('full');
    const folder = await workspace.writeProject('full', plainProject());
    let quota: Promise<string> | undefined;
    const host = recordingHost({
      onEvent: (event) => {
        if (event.event !== 'step' || event.step !== 'deploy' || event.state !== 'done') return;
        // One that is there before is told before the build.
        quota ??= bench.cluster.kubectl('create', 'quota', 'none', '--hard=pods=0', '-n', 'full');
      },
    });
    const error = await failure(site.deploy({ path: folder }, host), 'RolloutFailed', /exceeded quota: none/);
    await quota;
    assert.equal(reasonOf(error).code, 'PodRefused');
  });

  it('names what no node has', async () => {
    const site = await open('large');
    const files = { ...plainProject(), 'slipway.yaml': 'resources:\n  memory: 4000Gi\n' };
    const folder = await workspace.writeProject('large', files);
    const host = recordingHost();
    await failure(
      site.deploy({ path: folder }, host),
      'NoNodeFits',
      /nearest is node-1, which has \d+Mi of 4096000Mi memory free/,
    );
    const elsewhere = { ...plainProject(), 'slipway.yaml': 'placement:\n  nodeSelector:\n    disk: ssd\n' };
    const labelled = await workspace.writeProject('elsewhere', elsewhere);
    await failure(
      site.deploy({ path: labelled }, host),
      'NoNodeFits',
      /nearest is node-1, which is barred by the missing label disk=ssd/,
    );
    assert.deepEqual(host.questions, []);
    await bench.cluster.kubectl('cordon', 'node-1');
    try {
      const plain = await workspace.writeProject('cordoned', plainProject());
      const deploy = site.deploy({ path: plain, readyTimeoutSeconds: 5 });
      const error = await failure(deploy, 'RolloutFailed', /node\(s\) were unschedulable/);
      assert.equal(reasonOf(error).code, 'Unschedulable');
    } finally {
      await bench.cluster.kubectl('uncordon', 'node-1');
    }
  });

  it('is refused before the build where a quota or a LimitRange would refuse its pods', async () => {
    const site = await open('limits');
    const files = { ...plainProject(), 'slipway.yaml': 'resources:\n  memory: 512Mi\n' };
    const folder = await workspace.writeProject('limits', files);
    const kubectl = (...args: string[]): Promise<string> => bench.cluster.kubectl(...args);
    await kubectl('create', 'quota', 'tight', '--hard=requests.memory=1Gi', '-n', 'limits');
    await eventually('the quota counts', 20, async () =>
      (await kubectl('get', 'quota', 'tight', '-n', 'limits', '-o=jsonpath={.status.hard}')).includes('1Gi'),
    );
    const host = recordingHost();
    const deploy = site.deploy({ path: folder, replicas: 3 }, host);
    await failure(deploy, 'QuotaExceeded', /tight in limits .* 0 of 1Gi requests\.memory in use, .* needs 1536Mi more/);
    const spec = { limits: [{ type: 'Container', max: { memory: '256Mi' } }] };
    const range = { apiVersion: 'v1', kind: 'LimitRange', metadata: { name: 'small', namespace: 'limits' }, spec };
    await kubectl('apply', '-f', writeYaml(path.join(bench.cluster.folder, 'limits.yaml'), range));
    await failure(site.deploy({ path: folder }, host), 'LimitRangeExceeded', /at most 256Mi of memory.*512Mi/);
    assert.deepEqual(host.questions, []);
  });

  it('is refused before the build where something is missing', async () => {
    const site = await open('taken');
    const folder = await workspace.writeProject('taken', plainProject());
    await bench.cluster.kubectl('create', 'deployment', 'taken', '--image=none', '--replicas=0', '-n', 'taken');
    const host = recordingHost();
    await failure(site.deploy({ path: folder }, host), 'NameTaken', /has a Deployment taken already/);
    assert.deepEqual(host.questions, []);
    const image = () => ({ reference: { registry: 'x', repository: 'y' }, insecure: [] });
    const { kubeconfig } = bench.cluster;
    const missing = siteOf({ target: 'kubernetes:testbed/nowhere', kubeconfig, image });
    await failure(missing.deploy({ path: folder }), 'NamespaceMissing', /has no namespace nowhere/);
  });

  it('needs the rights of docs/rbac.yaml, and no more', async () => {
    const site = await open('limited', bench.cluster.user('alice'));
    const folder = await workspace.writeProject('limited', plainProject());
    await failure(site.deploy({ path: folder }), 'PermissionMissing', /create deployments/);
    await bench.cluster.kubectl('apply', '-n', 'limited', '-f', path.join(repository, 'docs/rbac.yaml'));
    const bind = (role: string, user: string): Promise<string> =>
      bench.cluster.kubectl('create', 'rolebinding', user, `--role=${role}`, `--user=${user}`, '-n', 'limited');
    await bind('slipway-deploy', 'alice');
    await bind('slipway-read', 'bob');
    assert.equal((await site.deploy({ path: folder })).phase, 'Ready');
    assert.deepEqual(await site.predict('limited'), [2, 5]);
    const reader = await openWorkspace({ target: 'kubernetes:testbed/limited', kubeconfig: bench.cluster.user('bob') });
    const target = await reader.target();
    assert.deepEqual(
      (await target.models(reader.signal)).map(({ name, phase }) => [name, phase]),
      [['limited', 'Ready']],
    );
    await assert.rejects(target.remove('limited', workspace.signal), { code: 'KubernetesForbidden' });
  });

  it('outlives a restart of the API server', async () => {
    const site = await open('restarting');
    const folder = await workspace.writeProject('restarting', plainProject());
    let restart: Promise<void> | undefined;
    const host = recordingHost({
      onEvent: (event) => {
        if (event.event === 'output' && event.text.startsWith('Applying')) restart ??= bench.cluster.restartApiserver();
      },
    });
    const model = await site.deploy({ path: folder }, host);
    await restart;
    assert.deepEqual([model.phase, model.version], ['Ready', 1]);
    assert.deepEqual(await site.predict('restarting'), [2, 5]);
  });

  it('leaves nothing behind when the user gives up', async () => {
    const site = await open('given-up');
    const folder = await faulty('given-up', 'time.sleep(600)');
    const controller = new AbortController();
    const host = recordingHost({
      onEvent: (event) => {
        if (event.event === 'output' && event.text.startsWith('Loading')) controller.abort();
      },
    });
    await assert.rejects(site.deploy({ path: folder }, host, controller.signal), { name: 'AbortError' });
    // A program that was told to end before it listens to that ends with the grace period.
    await eventually('all is gone', 90, async () => (await objectsIn('given-up')).trim() === '');
  });

  it('happens once at a time', async () => {
    const site = await open('twice');
    const folder = await workspace.writeProject('twice', plainProject());
    const target = await openTarget(site.services, site.target);
    assert.equal(target.accepts, 'image');
    const reservation = await target.reserve('twice', workspace.signal);
    await failure(site.deploy({ path: folder }), 'DeployInProgress', /twice is being changed by contract suite/);
    await reservation.release();
    assert.equal((await site.deploy({ path: folder })).phase, 'Ready');
  });

  it('answers every request while a pod is replaced and a cell is edited', async () => {
    const site = await open('busy');
    const folder = await workspace.writeProject('busy', plainProject());
    await site.deploy({ path: folder, replicas: 2 });
    const load = startLoad(`${await bench.reach('busy', 'busy')}/invocations`, JSON.stringify(doubled));
    try {
      await load.answers(5);
      const [pod = ''] = ((await site.model('busy'))?.workers ?? []).map(({ name }) => name);
      await bench.cluster.kubectl('delete', 'pod', pod, '-n', 'busy');
      await editCell(path.join(folder, 'nb.ipynb'), 'predict', '2 * value', '3 * value');
      assert.equal((await site.deploy({ path: folder })).version, 2);
      await load.answers(5);
    } finally {
      assert.deepEqual((await load.stop()).failures, []);
    }
    assert.deepEqual(await site.predict('busy'), [3, 7.5]);
  });
});
