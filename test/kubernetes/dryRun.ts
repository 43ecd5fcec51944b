import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { plainProject } from '../support/plainProject';
import { slipway, type JsonObject } from '../support/cli';
import type { HazardBench } from './hazardBench';

const namespace = 'tried';
const kinds =
  'services,serviceaccounts,configmaps,secrets,poddisruptionbudgets,networkpolicies,horizontalpodautoscalers,leases';

/** What a deploy would change, told by the cluster to somebody who may do no more than deploy. */
export function describeDryRun(bench: () => HazardBench): void {
  describe('A dry run on the server', { timeout: 3 * 60_000 }, () => {
    let where: readonly string[];
    before(async () => {
      const { kubeconfig = '' } = await bench().guardedNamespace(namespace);
      where = bench()
        .where(namespace)
        .map((word) => (word === bench().cluster.kubeconfig ? kubeconfig : word));
      await bench().deploy({ namespace, kubeconfig });
    });

    const versions = async (): Promise<string> => {
      const each = (version: string): string =>
        `-o=jsonpath={range .items[*]}{.kind}/{.metadata.name} {.metadata.${version}}{"\\n"}{end}`;
      const others = await bench().kubectl('get', kinds, '-n', namespace, each('resourceVersion'));
      // The version of a Deployment counts what its controller reports, too.
      return others + (await bench().kubectl('get', 'deployments', '-n', namespace, each('generation')));
    };

    it('lists every object that a release would change, and writes nothing', async () => {
      const before = await versions();
      const options = ['--port', '81', '--replicas', '2', '--dry-run=server'];
      const result = await slipway(['deploy', '--image', bench().content.image, ...options, ...where]);
      assert.equal(result.exitCode, 0, result.stdout);
      const changes = changesIn(result.json);
      assert.deepEqual([...changes.keys()].sort(), [
        'create ConfigMap plain.v2',
        'create PodDisruptionBudget plain',
        'update Deployment plain',
        'update Service plain',
      ]);
      assert.match(changes.get('update Service plain') ?? '', /\n- .*port: 80\n\+ .*port: 81\n/);
      assert.match(changes.get('update Deployment plain') ?? '', /\n- {2}replicas: 1\n\+ {2}replicas: 2\n/);
      assert.match(changes.get('create ConfigMap plain.v2') ?? '', /^--- now\/ConfigMap\/plain\.v2\n/);
      assert.equal(await versions(), before);
    });

    it('finds nothing to change where the release runs already', async () => {
      const args = ['deploy', '--image', bench().content.image, '--dry-run=server'];
      const result = await slipway([...args, ...where.filter((word) => word !== '--json')]);
      assert.deepEqual([result.exitCode, result.stdout], [0, 'Nothing would change.\n']);
    });

    it('tells it of a project before anything is executed or built, with secrets hidden', async () => {
      const before = await versions();
      const files = { ...plainProject(), 'slipway.yaml': 'secrets: [TOKEN]\n' };
      const folder = await bench().workspace.writeProject('tried-project', files);
      const { host } = bench().cluster.registry;
      const args = ['--registry', `${host}/tried/plain`, '--insecure', '--name', 'plain', '--dry-run=server'];
      const result = await slipway(['deploy', folder, ...args, ...where], {
        env: { ...process.env, TOKEN: 'hush-hush' },
      });
      assert.equal(result.exitCode, 0, result.stdout);
      const changes = changesIn(result.json);
      assert.match(changes.get('create Secret plain.v2') ?? '', /\+ {2}TOKEN: \(hidden\)\n/);
      const image = new RegExp(`\\+ .*image: ${host}/tried/plain@sha256:0{64}\\n`);
      assert.match(changes.get('update Deployment plain') ?? '', image);
      assert.doesNotMatch(result.stdout, /hush-hush/);
      const steps = result.json.flatMap(({ event, step }) => (event === 'step' ? [step] : []));
      assert.deepEqual([...new Set(steps)], ['inspect', 'deploy']);
      assert.equal(await versions(), before);
    });
  });
}

/** The diffs by action, kind and name. */
function changesIn(lines: readonly JsonObject[]): ReadonlyMap<string, string> {
  const changes = lines.filter(({ event }) => event === 'change');
  assert.equal(lines.at(-1)?.['count'], changes.length);
  return new Map(
    changes.map(({ action, kind, name, diff }) => [`${String(action)} ${String(kind)} ${String(name)}`, String(diff)]),
  );
}
