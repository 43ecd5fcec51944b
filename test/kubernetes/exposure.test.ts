import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { after, before, describe, it } from 'node:test';
import type { DeployedModel } from '../../src/core/deployment';
import type { Exposure } from '../../src/core/exposure';
import type { Forward, ImageContent, Target } from '../../src/core/target';
import { buildCli, slipway } from '../support/cli';
import { eventually } from '../support/eventually';
import { failure } from '../support/failure';
import { plainProject } from '../support/plainProject';
import { recordingHost } from '../support/recordingHost';
import { openWorkspace, repository, type Workspace, type WorkspaceOptions } from '../support/workspace';
import { openDeployBench, policies, type DeployBench } from './deployBench';
import { contentOf, quickDeploy } from './releases';

const namespace = 'exposed';
interface Rule {
  readonly resources: readonly string[];
}

const kinds =
  'deployments,replicasets,services,serviceaccounts,configmaps,secrets,ingresses,networkpolicies,httproutes.gateway.networking.k8s.io';

describe('A model that is reached from beyond its cluster', { timeout: 5 * 60_000 }, () => {
  let bench: DeployBench;
  let options: WorkspaceOptions;
  let workspace: Workspace;
  let target: Target;
  let content: ImageContent;
  let key: string;
  let rotation: Promise<string>;
  let asking: Promise<readonly string[]>;

  before(async () => {
    bench = await openDeployBench({ policies });
    options = await bench.guardedNamespace(namespace);
    workspace = await openWorkspace(options);
    target = await workspace.target();
  });
  after(async () => {
    await workspace.close();
    await bench.cluster.stop();
  });

  const kubectl = (...args: readonly string[]): Promise<string> => bench.cluster.kubectl('-n', namespace, ...args);
  const ask = (url: string, bearer?: string): Promise<Response> =>
    fetch(`${url}/invocations`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        connection: 'close',
        ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
      },
      body: JSON.stringify({ inputs: [1, 2] }),
    });
  const modelNamed = async (name: string): Promise<DeployedModel> => {
    const model = await workspace.model(name);
    assert.ok(model);
    return model;
  };
  const expose = (exposure: Exposure | undefined): Promise<DeployedModel> =>
    quickDeploy(workspace, bench.cluster, {
      namespace,
      name: 'other',
      content: { ...content, exposure },
      ...(options.kubeconfig === undefined ? {} : { kubeconfig: options.kubeconfig }),
    });
  const patchStatus = (kind: string, status: object): Promise<string> =>
    kubectl('patch', kind, 'other', '--subresource=status', '--type=merge', '-p', JSON.stringify({ status }));
  const problem = async (): Promise<string> => (await modelNamed('other')).endpointProblem ?? '';

  it('answers at a port of a node to whoever brings its key, and tells its health to everybody', async () => {
    const yaml = 'expose: { kind: nodePort }\nnetwork: { from: [] }\n';
    const folder = await workspace.writeProject('doubled', plainProject([], { 'slipway.yaml': yaml }));
    const host = recordingHost();
    const { endpoint = '', endpointIsInside } = await workspace.deploy({ path: folder }, host);
    const port = await kubectl('get', 'service', 'doubled', '-o=jsonpath={.spec.ports[0].nodePort}');
    assert.deepEqual([endpoint, endpointIsInside], [`http://${bench.cluster.nodeAddress}:${port}`, false]);

    key = (await target.key?.('doubled', workspace.signal)) ?? '';
    assert.match(key, /^[\w-]{43}$/);
    const refused = await ask(endpoint);
    assert.deepEqual([refused.status, refused.headers.get('www-authenticate')], [401, 'Bearer']);
    assert.equal((await ask(endpoint, `${key}x`)).status, 401);
    assert.equal((await ask(endpoint, key)).status, 200);
    assert.equal((await fetch(`${endpoint}/v2`)).status, 401);
    assert.equal((await fetch(`${endpoint}/v2/health/ready`)).status, 200);
    assert.deepEqual(await workspace.predict('doubled', { inputs: [1, 2] }), [2, 4]);

    const policy = await kubectl('get', 'networkpolicy', 'doubled', '-o=jsonpath={.spec.ingress}');
    assert.equal(policy, '[{"ports":[{"port":"http","protocol":"TCP"}]}]');
    const objects = await kubectl('get', 'configmaps,deployments,pods,services', '-o=json');
    for (const text of [JSON.stringify(host.events), JSON.stringify(await modelNamed('doubled')), objects])
      assert.ok(!text.includes(key));
    const exported = (await target.manifests?.('doubled', workspace.signal)) ?? [];
    assert.ok(!JSON.stringify(exported).includes(key) && exported.every(({ kind }) => kind !== 'Secret'));
    content = await contentOf(bench.cluster, namespace, 'doubled');
  });

  it('tells its key on the command line', async () => {
    await buildCli();
    const where = ['--target', options.target, '--kubeconfig', options.kubeconfig ?? '', '--home', workspace.home];
    const told = await slipway(['key', 'doubled', ...where]);
    assert.deepEqual([told.exitCode, told.stdout.trim()], [0, key], told.stderr);
    const models = await slipway(['models', ...where]);
    assert.match(models.stdout, /doubled {2}v1 {2}Ready {2}1\/1 {2}http:\/\/[\d.]+:\d+$/m);
    const none = await slipway(['key', 'nothing', ...where]);
    assert.match(none.stderr, /ModelNotFound/);
    // Told to pods by the kubelet's next look at its Secret, while the tests below go on.
    assert.ok(target.rotateKey);
    rotation = target.rotateKey('doubled', workspace.signal);
    asking = askUntil(rotation, (await modelNamed('doubled')).endpoint ?? '');
  });

  it('is asked for with rights that others need not have', async () => {
    const role = JSON.parse(await kubectl('get', 'role', 'slipway-deploy', '-o=json')) as { readonly rules: Rule[] };
    const rules = role.rules.filter(({ resources }) => !resources.includes('ingresses'));
    await kubectl('patch', 'role', 'slipway-deploy', '--type=merge', '-p', JSON.stringify({ rules }));
    const exposure: Exposure = { kind: 'ingress', host: 'localhost' };
    await failure(expose(exposure), 'PermissionMissing', /Missing: get ingresses, list ingresses, create ingresses/);
    const { endpoint = '', endpointIsInside } = await expose({ kind: 'nodePort', key: false });
    assert.deepEqual([endpointIsInside, (await ask(endpoint)).status], [false, 200]);
    await kubectl('patch', 'role', 'slipway-deploy', '--type=merge', '-p', JSON.stringify({ rules: role.rules }));
  });

  it('has the address that a load balancer was given, once it answers there', async () => {
    const pending = await expose({ kind: 'loadBalancer' });
    assert.deepEqual(
      [pending.phase, pending.endpointIsInside, pending.endpointProblem],
      ['Ready', true, 'the cluster has not given an address'],
    );
    assert.deepEqual(await workspace.predict('other', { inputs: [3] }), [6]);
    await patchStatus('service', { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } });
    assert.match(await problem(), /^http:\/\/192\.0\.2\.1 is not reachable from here: /);

    const stop = new AbortController();
    let watched: DeployedModel | undefined;
    const watching = (async () => {
      for await (const models of target.watchModels(stop.signal)) watched = models.find(({ name }) => name === 'other');
    })().catch(() => undefined);
    await patchStatus('service', { loadBalancer: { ingress: [{ ip: bench.cluster.nodeAddress }] } });
    try {
      const url = `http://${bench.cluster.nodeAddress}`;
      await eventually('the watch tells the address', 20, () => watched?.endpoint === url);
      assert.equal((await ask(url)).status, 401);
      assert.deepEqual(await workspace.predict('other', { inputs: [3] }), [6]);
    } finally {
      stop.abort();
      await watching;
    }
  });

  it('has the name of an Ingress, once its controller answers there', async () => {
    const pending = await expose({ kind: 'ingress', host: 'localhost', className: 'nginx', tls: 'certificate' });
    assert.equal(pending.endpointProblem, 'the cluster has not given an address');
    const spec: unknown = JSON.parse(await kubectl('get', 'ingress', 'other', '-o=jsonpath={.spec}'));
    const backend = { service: { name: 'other', port: { name: 'http' } } };
    assert.deepEqual(spec, {
      ingressClassName: 'nginx',
      tls: [{ hosts: ['localhost'], secretName: 'certificate' }],
      rules: [{ host: 'localhost', http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } }],
    });
    assert.equal(await kubectl('get', 'service', 'other', '-o=jsonpath={.spec.type}'), 'ClusterIP');
    await patchStatus('ingress', { loadBalancer: { ingress: [{ ip: '127.0.0.1' }] } });
    assert.match(await problem(), /^https:\/\/localhost is not reachable from here: the connection is refused$/);
    await expose({ kind: 'ingress', host: 'localhost', className: 'nginx', path: '/other' });
    await whileServed(async (requests) => {
      await asksNobodyForNothing(requests);
      await eventually(
        'the name answers',
        15,
        async () => (await modelNamed('other')).endpoint === 'http://localhost/other',
      );
      assert.deepEqual(await workspace.predict('other', { inputs: [3] }), [6]);
    });
    assert.equal(await problem(), 'http://localhost/other is not reachable from here: the connection is refused');
  });

  it('has the name of an HTTPRoute, where the cluster has the Gateway API', async () => {
    const exposure: Exposure = { kind: 'httpRoute', host: 'localhost', gateway: 'infra/public' };
    await failure(expose(exposure), 'GatewayApiMissing', /nothing serves gateway\.networking\.k8s\.io\/v1/);
    await bench.cluster.kubectl('apply', '-f', path.join(repository, 'test/kubernetes/httpRouteKind.yaml'));
    await bench.cluster.kubectl('wait', '--for=condition=Established', 'crd/httproutes.gateway.networking.k8s.io');
    assert.equal((await expose(exposure)).endpointProblem, 'no gateway has taken it');
    const spec: unknown = JSON.parse(await kubectl('get', 'httproute', 'other', '-o=jsonpath={.spec}'));
    assert.deepEqual(spec, {
      parentRefs: [{ name: 'public', namespace: 'infra' }],
      hostnames: ['localhost'],
      rules: [{ backendRefs: [{ name: 'other', port: 80 }] }],
    });
    assert.equal(await kubectl('get', 'ingress', '-o=name'), '');
    const refused = { type: 'Accepted', status: 'False', reason: 'NotAllowedByListeners', message: 'not from here' };
    await patchStatus('httproute', { parents: [{ conditions: [refused] }] });
    assert.equal(await problem(), 'the gateway does not take it: not from here');
    await patchStatus('httproute', { parents: [{ conditions: [{ type: 'Accepted', status: 'True' }] }] });
    await whileServed(async () => {
      assert.equal((await modelNamed('other')).endpoint, 'http://localhost');
    });
  });

  it('is reached from inside the cluster only, when that is wanted again', async () => {
    const model = await expose(undefined);
    assert.deepEqual(
      [model.endpoint, model.endpointIsInside, model.endpointProblem],
      [`http://other.${namespace}.svc`, true, undefined],
    );
    assert.equal(await kubectl('get', 'httproutes,ingresses', '-o=name'), '');
    assert.equal(await kubectl('get', 'service', 'other', '-o=jsonpath={.spec.type}'), 'ClusterIP');
    assert.deepEqual(await workspace.predict('other', { inputs: [3] }), [6]);
  });

  it('asks for another key without being started again', async () => {
    const next = await rotation;
    assert.notEqual(next, key);
    assert.match((await asking).join(), /^200(,401)?$/, 'no request was without an answer');
    const { endpoint = '', workers } = await modelNamed('doubled');
    assert.deepEqual([(await ask(endpoint, key)).status, (await ask(endpoint, next)).status], [401, 200]);
    assert.deepEqual(
      workers.map(({ version, restarts }) => [version, restarts]),
      [[1, 0]],
    );
    assert.deepEqual(await workspace.predict('doubled', { inputs: [1] }), [2]);
  });

  it('leaves nothing when it is removed', async () => {
    for (const name of ['doubled', 'other']) await target.remove(name, workspace.signal);
    assert.equal(await kubectl('get', kinds, '-l', 'app.kubernetes.io/managed-by=slipway', '-o=name'), '');
  });

  /** What the key from before is answered with meanwhile, changes only. */
  async function askUntil(end: Promise<unknown>, endpoint: string): Promise<readonly string[]> {
    const seen: string[] = [];
    const over = new AbortController();
    const stop = (): void => {
      over.abort();
    };
    end.then(stop, stop);
    while (!over.signal.aborted) {
      const status = await ask(endpoint, key).then(
        (response) => String(response.status),
        (error: unknown) => String(error),
      );
      if (seen.at(-1) !== status) seen.push(status);
      await delay(200);
    }
    return seen;
  }

  /** Who shows no address does not wait for what may be silent there. */
  async function asksNobodyForNothing(requests: () => number): Promise<void> {
    const where = ['--target', options.target, '--kubeconfig', options.kubeconfig ?? '', '--home', workspace.home];
    const has = (await target.models(workspace.signal)).map(({ name }) => name);
    assert.deepEqual(has, ['doubled', 'other']);
    const logs = await slipway(['logs', 'other', '--tail', '1', ...where]);
    assert.deepEqual([logs.exitCode, requests()], [0, 0], logs.stderr);
    const models = await slipway(['models', ...where]);
    assert.match(models.stdout, /^other .*http:\/\/localhost\/other$/m);
    assert.ok(requests() > 0);
  }

  /** What an ingress controller or a gateway does, which no cluster has by itself: passes on what comes under a name. */
  async function whileServed(body: (requests: () => number) => Promise<void>): Promise<void> {
    const forward = await target.forward?.('other', workspace.signal);
    assert.ok(forward);
    const server = await passOn(forward);
    let requests = 0;
    server.on('request', () => requests++);
    try {
      await body(() => requests);
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await forward.close();
    }
  }
});

async function passOn({ url }: Forward): Promise<Server> {
  const server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const { authorization } = request.headers;
      const answer = await fetch(url + (request.url ?? ''), {
        method: request.method ?? 'GET',
        headers: { 'content-type': 'application/json', ...(authorization === undefined ? {} : { authorization }) },
        ...(chunks.length === 0 ? {} : { body: Buffer.concat(chunks) }),
      });
      response.writeHead(answer.status).end(Buffer.from(await answer.arrayBuffer()));
    })();
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(80, 'localhost', resolve));
  return server;
}
