import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import path from 'node:path';
import { eventually } from '../support/eventually';
import { askFrom, startClient } from './clientPod';
import { policies } from './deployBench';
import { pushBase } from '../testbed/docker/baseImage';
import { startCluster, type TestCluster } from '../testbed/kubernetes/cluster';
import { writeYaml } from '../testbed/kubernetes/files';
import { hostSettings, leftoversOf } from '../testbed/kubernetes/leftovers';

const programs = process.env['SLIPWAY_TEST_KUBERNETES'] ?? '';
const archive = process.env['SLIPWAY_TEST_BASE'] ?? '';

describe('The cluster of the testbed', () => {
  let cluster: TestCluster;
  let host: readonly string[];
  let image: string;

  before(async () => {
    host = hostSettings();
    cluster = await startCluster({ programs, metrics: true, policies });
    image = await pushBase(cluster.registry.host, archive);
    const server = ['--', 'python3', '-u', '-m', 'http.server', '8000'];
    await cluster.kubectl('create', 'deployment', 'web', `--image=${image}`, '--replicas=2', ...server);
    await cluster.kubectl('expose', 'deployment', 'web', '--port=80', '--target-port=8000');
    await cluster.kubectl('rollout', 'status', 'deployment/web', '--timeout=120s');
  });
  after(() => cluster.stop());

  it('has a node that is ready', async () => {
    const columns = '-o=custom-columns=NAME:.metadata.name,READY:.status.conditions[?(@.type=="Ready")].status';
    assert.match(await cluster.kubectl('get', 'nodes', columns), /^node-1\s+True$/m);
  });

  it('lets pods reach a service by its name, and this machine one by the node', async () => {
    const ask = 'import urllib.request as u; print(u.urlopen("http://web.default.svc.cluster.local").status)';
    const asked = () => cluster.kubectl('exec', 'deploy/web', '--', 'python3', '-c', ask).catch(() => '');
    // A container that runs may not listen yet.
    await eventually('the service answers', 20, async () => (await asked()) === '200\n');
    await cluster.kubectl('expose', 'deployment', 'web', '--name=outside', '--type=NodePort', '--port=8000');
    const port = await cluster.kubectl('get', 'service', 'outside', '-o=jsonpath={.spec.ports[0].nodePort}');
    await eventually('the port of the node answers', 20, () => isAnswering(`http://${cluster.nodeAddress}:${port}`));
  });

  it('lets pods reach what listens on this machine', async () => {
    const server = createServer((_, response) => response.end('here'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const address = await cluster.reach((server.address() as AddressInfo).port);
      const ask = `import urllib.request as u; print(u.urlopen("http://${address}").read().decode())`;
      assert.equal(await cluster.kubectl('exec', 'deploy/web', '--', 'python3', '-c', ask), 'here\n');
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });

  it('has NetworkPolicies obeyed, in and out', async () => {
    const deny = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'deny', namespace: 'default' },
      spec: { podSelector: { matchLabels: { app: 'web' } }, policyTypes: ['Ingress', 'Egress'] },
    };
    const client = await startClient(cluster, image, 'default');
    const inwards = (): Promise<string> => client('http://web');
    const outwards = (): Promise<string> =>
      askFrom(cluster, 'default', 'deploy/web')(`http://${cluster.registry.host}/v2/`);
    assert.deepEqual([await inwards(), await outwards()], ['200', '200']);
    await cluster.kubectl('apply', '-f', writeYaml(path.join(cluster.folder, 'deny.yaml'), deny));
    await eventually('nobody reaches the pods', 20, async () => (await inwards()) === 'none');
    await eventually('the pods reach nobody', 20, async () => (await outwards()) === 'none');
    // Whom no policy selects goes where it likes.
    assert.equal(await client(`http://${cluster.registry.host}/v2/`), '200');
    await cluster.kubectl('delete', 'networkpolicy', 'deny');
    await eventually('the pods are reached again', 20, async () => (await inwards()) === '200');
    await eventually('the pods reach others again', 20, async () => (await outwards()) === '200');
    await cluster.kubectl('delete', 'pod', 'client', '--now');
  });

  it('shows logs', async () => {
    assert.match(await cluster.kubectl('logs', 'deploy/web'), /Serving HTTP on 0\.0\.0\.0 port 8000/);
  });

  it('forwards a port', async () => {
    const words = [`--kubeconfig=${cluster.kubeconfig}`, 'port-forward', 'deploy/web', ':8000'];
    const child = spawn(path.join(programs, 'kubectl'), words, { stdio: ['ignore', 'pipe', 'ignore'] });
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    const port = (): string | undefined => /127\.0\.0\.1:(?<port>\d+)/.exec(text)?.groups?.['port'];
    try {
      await eventually('kubectl forwards', 20, () => port() !== undefined);
      assert.equal((await fetch(`http://127.0.0.1:${port()}`)).status, 200);
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('measures what nodes and pods use', async () => {
    const isMeasured = async (): Promise<boolean> => {
      const answers = [cluster.kubectl('top', 'nodes'), cluster.kubectl('top', 'pods')];
      const [nodes = '', pods = ''] = await Promise.all(answers.map((answer) => answer.catch(() => '')));
      return /^node-1\s+\d+m/m.test(nodes) && /^web-\S+\s+\d+m\s+\d+Mi/m.test(pods);
    };
    await eventually('metrics-server has figures', 60, isMeasured);
  });

  it('has users without rights', async () => {
    const asAlice = `--kubeconfig=${cluster.user('alice')}`;
    await assert.rejects(cluster.kubectl(asAlice, 'get', 'pods'), /User "alice" cannot list resource "pods"/);
    await cluster.kubectl('create', 'rolebinding', 'dev-may-see', '--clusterrole=view', '--group=dev');
    await eventually('alice sees pods', 10, () => succeeds(cluster.kubectl(asAlice, 'get', 'pods')));
    await assert.rejects(
      cluster.kubectl(`--kubeconfig=${cluster.user('bob')}`, 'get', 'pods'),
      /User "bob" cannot list/,
    );
  });

  it('heals when its API server was killed', async () => {
    let wasDown = false;
    await cluster.restartApiserver(async () => {
      wasDown = !(await succeeds(cluster.kubectl('get', '--raw=/readyz')));
    });
    assert.ok(wasDown);
    await cluster.kubectl('scale', 'deployment/web', '--replicas=3');
    await cluster.kubectl('rollout', 'status', 'deployment/web', '--timeout=60s');
  });

  it('stands beside another one', async () => {
    const other = await startCluster({ programs });
    try {
      assert.notEqual(other.server, cluster.server);
      const pods = '--output=name';
      assert.equal(await other.kubectl('get', 'pods', pods), '');
      assert.equal((await cluster.kubectl('get', 'pods', pods)).trim().split('\n').length, 3);
    } finally {
      await other.stop();
    }
  });

  it('leaves nothing when it stops', async () => {
    const { machine } = cluster;
    const running = leftoversOf(machine);
    for (const word of ['kubelet', 'kube-router', 'http.server', 'interface', 'control group', 'folder'])
      assert.ok(
        running.some((line) => line.includes(word)),
        `${word} in ${running.join('\n')}`,
      );
    await cluster.stop();
    assert.deepEqual(leftoversOf(machine), []);
    assert.deepEqual(hostSettings(), host);
  });
});

function isAnswering(url: string): Promise<boolean> {
  return fetch(url).then(
    ({ ok }) => ok,
    () => false,
  );
}

function succeeds(action: Promise<unknown>): Promise<boolean> {
  return action.then(
    () => true,
    () => false,
  );
}
