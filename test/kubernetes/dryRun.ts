import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { plainProject } from '../support/plainProject';
import { slipway, type JsonObject } from '../support/cli';
import type { HazardBench } from './hazardBench';
import { quickDeploy } from './releases';

const namespace = 'tried';
const kinds =
  'services,serviceaccounts,configmaps,secrets,ingresses,poddisruptionbudgets,networkpolicies,horizontalpodautoscalers,leases';

/** What a deploy would change, told by the cluster to somebody who may do no more than deploy. */
export function describeDryRun(bench: () => HazardBench): void {
  describe('A dry run on the server', { timeout: 3 * 60_000 }, () => {
    let kubeconfig: string;
    let where: readonly string[];
    before(async () => {
      ({ kubeconfig = '' } = await bench().guardedNamespace(namespace));
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

    it('shows the key and the way of a model that is exposed, and what goes when it is not any more', async () => {
      const exposed = ['--expose', 'ingress', '--host', 'plain.example.org'];
      const tried = async (...options: readonly string[]): Promise<ReadonlyMap<string, string>> => {
        const before = await versions();
        const args = ['deploy', '--image', bench().content.image, ...options, '--dry-run=server'];
        const result = await slipway([...args, ...where]);
        assert.equal(result.exitCode, 0, result.stdout);
        assert.equal(await versions(), before);
        return changesIn(result.json);
      };
      const made = await tried(...exposed);
      assert.deepEqual([...made.keys()].sort(), [
        'create ConfigMap plain.v2',
        'create Ingress plain',
        'create Secret plain-key',
        'update Deployment plain',
      ]);
      assert.match(made.get('create Secret plain-key') ?? '', /\+ {2}key: \(hidden\)\n/);
      assert.match(made.get('create Ingress plain') ?? '', /\+ .*host: plain\.example\.org\n/);
      assert.match(made.get('update Deployment plain') ?? '', /\+ .*secretName: plain-key\n/);
      const exposure = { kind: 'ingress', host: 'plain.example.org' } as const;
      const { workspace, cluster, content } = bench();
      await quickDeploy(workspace, cluster, { namespace, kubeconfig, content: { ...content, exposure } });
      const gone = await tried('--expose', 'service');
      assert.deepEqual([...gone.keys()].sort(), [
        'create ConfigMap plain.v3',
        'delete Ingress plain',
        'update Deployment plain',
      ]);
      assert.match(gone.get('delete Ingress plain') ?? '', /\n- .*host: plain\.example\.org\n/);
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
      assert.match(changes.get('create Secret plain.v3') ?? '', /\+ {2}TOKEN: \(hidden\)\n/);
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
