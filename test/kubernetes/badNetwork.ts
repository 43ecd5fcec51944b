import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { RolloutStep } from '../../src/core/target';
import { errorOf, slipway } from '../support/cli';
import { eventually } from '../support/eventually';
import { failure } from '../support/failure';
import { pass, type Fault } from '../support/faultProxy';
import { openNetwork } from '../support/network';
import { startApiProxy } from './apiProxy';
import { authority } from './certificates';
import { steering } from './admission';
import type { HazardBench } from './hazardBench';

/** One after another, whatever was asked. A server that is asked too often says so before it does anything. */
const faults: readonly Fault[] = [
  { kind: 'answer', status: 429, headers: { 'retry-after': '1' } },
  { kind: 'cut', afterBytes: 0 },
  { kind: 'loseAnswer' },
  { kind: 'answer', status: 503, headers: { 'retry-after': '1' }, body: 'no backend' },
];

/** What happens between a deploy and the API server. */
export function describeBadNetwork(bench: () => HazardBench): void {
  describe('A deploy over a bad network', { timeout: 8 * 60_000 }, () => {
    it('is not judged while nothing is heard, and goes on when the network is back', async () => {
      await bench().namespace('black-hole');
      const { network, kubeconfig } = await openWay(bench());
      const readyTimeoutSeconds = 20;
      let isBack: Promise<void> | undefined;
      const onStep = (step: RolloutStep): void => {
        if (isBack !== undefined || !isUp(step)) return;
        const began = performance.now();
        network.swallow(true);
        isBack = eventually('longer than a release may load', 30, () => performance.now() - began > 22_000).then(() => {
          network.swallow(false);
        });
      };
      try {
        const model = await bench().deploy({ namespace: 'black-hole', kubeconfig, readyTimeoutSeconds, onStep });
        assert.ok(isBack !== undefined);
        assert.deepEqual([model.phase, model.version], ['Ready', 1]);
      } finally {
        network.close();
      }
    });

    it('tells what is left where somebody else answers in the middle', async () => {
      await bench().namespace('impostor');
      const { network, kubeconfig } = await openWay(bench());
      const impostor = await startImpostor(bench());
      const onStep = (): void => {
        network.lead(impostor.server);
      };
      try {
        const deploy = bench().deploy({ namespace: 'impostor', kubeconfig, onStep });
        await failure(deploy, 'LeftHalfMade', /cannot be trusted.*could not be taken back/);
        assert.equal(impostor.requests, 0);
      } finally {
        network.close();
        await impostor.stop();
      }
    });

    it('outlives a restart of the API server when it reserves, rolls out and finishes', async () => {
      await bench().namespace('restarts');
      const restarts = new Map<string, Promise<void>>();
      const restart = (when: string): void => {
        if (!restarts.has(when)) restarts.set(when, bench().cluster.restartApiserver());
      };
      const proxy = await startApiProxy(bench().cluster, ({ method, path: asked }) => {
        if (method === 'POST' && asked.includes('/leases')) restart('reserve');
        if (method === 'PATCH' && asked.includes('/configmaps/plain.v1')) restart('finish');
        return pass;
      });
      const onStep = (step: RolloutStep): void => {
        if (isUp(step)) restart('rollout');
      };
      try {
        const model = await bench().deploy({ namespace: 'restarts', kubeconfig: proxy.kubeconfig, onStep });
        await Promise.all(restarts.values());
        assert.deepEqual([...restarts.keys()], ['reserve', 'rollout', 'finish']);
        assert.deepEqual([model.phase, model.version], ['Ready', 1]);
        const [release] = model.releases;
        assert.equal(release?.status, 'active');
        assert.deepEqual(await (await bench().target('restarts')).leftovers?.(bench().workspace.signal), []);
      } finally {
        await proxy.stop();
      }
    });

    it('gets through where whatever it asks comes to nothing the first time', async () => {
      await bench().namespace('unreliable');
      const asked = new Set<string>();
      const proxy = await startApiProxy(bench().cluster, ({ method, path: target }) => {
        const question = `${method} ${target.split('?')[0] ?? ''}`;
        if (asked.has(question)) return pass;
        asked.add(question);
        return faults[asked.size % faults.length] ?? pass;
      });
      try {
        const model = await bench().deploy({ namespace: 'unreliable', kubeconfig: proxy.kubeconfig });
        assert.ok(asked.size > 20, [...asked].join('\n'));
        assert.deepEqual([model.phase, model.version, model.releases.length], ['Ready', 1, 1]);
        assert.deepEqual(await (await bench().target('unreliable')).leftovers?.(bench().workspace.signal), []);
      } finally {
        await proxy.stop();
      }
    });

    it('outlives one when it asks the model', async () => {
      await bench().namespace('asked');
      let restarted: Promise<void> | undefined;
      const onStep = (step: RolloutStep): void => {
        if (step.kind === 'progress' && step.step === 'verifying') restarted = bench().cluster.restartApiserver();
      };
      const model = await bench().deploy({ namespace: 'asked', onStep });
      assert.ok(restarted !== undefined);
      await restarted;
      assert.deepEqual([model.phase, model.version], ['Ready', 1]);
    });
  });

  describe('What others write into a namespace', { timeout: 180_000 }, () => {
    it('is shown in a terminal so that it can only be read', async () => {
      await bench().namespace('hostile');
      await bench().deploy({ namespace: 'hostile' });
      const evil = 'x\u001b]0;owned\u0007\u202ey\u001b[2J';
      const text = await bench().kubectl('get', 'configmap', 'plain.v1', '-n', 'hostile', '-o=json');
      const { metadata, data } = JSON.parse(text) as {
        readonly metadata: { readonly labels: object };
        readonly data: Readonly<Record<string, string>>;
      };
      const release = JSON.parse(data['release.json'] ?? '') as { readonly provenance: object };
      const provenance = { ...release.provenance, git: { commit: evil, branch: evil, dirty: false }, createdBy: evil };
      const json = JSON.stringify({ ...release, version: 9, provenance });
      const annotations = { 'slipway.dev/failure': JSON.stringify({ code: 'X', message: evil }) };
      await bench().apply({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'plain.v9', namespace: 'hostile', labels: metadata.labels, annotations },
        data: { 'release.json': json },
      });
      const where = bench()
        .where('hostile')
        .filter((word) => word !== '--json');
      const compared = await slipway(['compare', 'plain', '1', '9', ...where]);
      assert.match(compared.stdout, /branch: - -> x/);
      const held = await heldByHostile(bench(), evil);
      for (const shown of [compared.stdout, held]) assert.doesNotMatch(shown, steering);
    });
  });
}

/** @returns what a command says while somebody of a hostile name changes the model */
async function heldByHostile(bench: HazardBench, name: string): Promise<string> {
  const time = new Date().toISOString().replace('Z', '000Z');
  const lease = (renewTime: string) => ({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: 'slipway-plain', namespace: 'hostile' },
    spec: { holderIdentity: name, leaseDurationSeconds: 15, acquireTime: time, renewTime },
  });
  await bench.apply(lease(time));
  const scaling = slipway(['scale', 'plain', '2', ...bench.where('hostile')]);
  let isOver = false;
  void scaling.then(() => (isOver = true));
  await eventually('it is refused', 30, async () => {
    await bench.apply(lease(new Date().toISOString().replace('Z', '000Z')));
    return isOver;
  });
  const error = errorOf(await scaling);
  assert.equal(error.code, 'DeployInProgress');
  return error.message ?? '';
}

/** A kubeconfig of the administrator that leads through a network that can fail. */
async function openWay({ cluster }: HazardBench) {
  const network = await openNetwork(cluster.server);
  const kubeconfig = path.join(cluster.folder, `network-${String(network.port)}.kubeconfig`);
  const server = `server: https://127.0.0.1:${String(network.port)}`;
  const text = readFileSync(cluster.kubeconfig, 'utf8');
  writeFileSync(kubeconfig, text.replace(/( *)server: \S+/, `$1${server}\n$1tls-server-name: kubernetes`));
  return { network, kubeconfig };
}

/** Speaks TLS with a certificate that nobody trusts. */
async function startImpostor({ cluster }: HazardBench) {
  const pair = await authority(cluster.folder, 'impostor', '127.0.0.1');
  let requests = 0;
  const server = createServer({ cert: readFileSync(pair.certificate), key: readFileSync(pair.key) }, (_, response) => {
    requests++;
    response.end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    server: `https://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    get requests() {
      return requests;
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The container of a pod runs. */
function isUp(step: RolloutStep): boolean {
  return step.kind === 'progress' && ['starting', 'loading'].includes(step.step);
}
