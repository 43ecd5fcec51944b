import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { slipway } from '../support/cli';
import { plainProject } from '../support/plainProject';
import type { HazardBench } from './hazardBench';

const namespace = 'stages';
const loadSeconds = 3;
/** Slow on a cluster only: training calls it, too. */
const load = `import os, time\n\ndef load():\n    time.sleep(${String(loadSeconds)} if 'KUBERNETES_SERVICE_HOST' in os.environ else 0)\n`;

/** What is told of a release on its way. */
export function describeRolloutStages(bench: () => HazardBench): void {
  describe('The rollout of a model that loads slowly', { timeout: 3 * 60_000 }, () => {
    it('tells starting from loading, each with its time', async () => {
      const { host } = bench().cluster.registry;
      await bench().namespace(namespace);
      const folder = await bench().workspace.writeProject('slow', plainProject([{ id: 'load', source: load }]));
      const image = ['--registry', `${host}/${namespace}/slow`, '--insecure', '--base', bench().base, '--yes'];
      const result = await slipway(['deploy', folder, '--name', 'slow', ...image, ...bench().where(namespace)]);
      assert.equal(result.exitCode, 0, result.stdout);
      const told = result.json.flatMap(({ event, text }) => (event === 'output' ? [String(text)] : []));
      const at = (pattern: RegExp): number => told.findIndex((line) => pattern.test(line));
      const order = [/^Starting the server took \d/, /^Loading the model on /, /^Loading the model took \d/, /^Ready/];
      const places = order.map(at);
      assert.ok(!places.includes(-1), result.stdout);
      assert.deepEqual(
        places,
        places.toSorted((left, right) => left - right),
      );
      const seconds = (stage: string): number =>
        Number(new RegExp(`^${stage} took ([\\d.]+) s$`, 'm').exec(told.join('\n'))?.[1]);
      assert.ok(seconds('Loading the model') >= loadSeconds, result.stdout);
      const log = await bench().kubectl('logs', '-n', namespace, 'deployment/slow');
      const [, said] = /^slipway: starting took ([\d.]+) s, loading now$/m.exec(log) ?? [];
      assert.equal(Number(said).toFixed(1), seconds('Starting the server').toFixed(1), log);
    });
  });
}
