import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { TakeOverQuestion } from '../../src/core/target';
import { kubernetesTargets } from '../../src/targets/kubernetes';
import { errorOf, slipway } from '../support/cli';
import { failure } from '../support/failure';
import type { HazardBench } from './hazardBench';

/** What is changed only where somebody agrees. */
export function describeOwnedModel(bench: () => HazardBench): void {
  describe('A model that Flux looks after', () => {
    const flux = /Flux \(fleet\) looks after it, and puts it back/;
    const state = (): Promise<string> =>
      bench().kubectl(
        ...['get', 'deployments,services,configmaps,secrets', '-n', 'kept'],
        '-o=jsonpath={range .items[*]}{.kind}/{.metadata.name} {.metadata.generation} {.metadata.annotations}{"\\n"}{end}',
      );

    before(async () => {
      await bench().namespace('kept');
      await bench().deploy({ namespace: 'kept' });
      const mark = 'kustomize.toolkit.fluxcd.io/name=fleet';
      const by = '--field-manager=kustomize-controller';
      await bench().kubectl('label', 'deployment', 'plain', '-n', 'kept', mark, by);
    });

    it('is refused by name, whatever the verb, and changes nothing', async () => {
      const before = await state();
      const verbs = [
        ['scale', 'plain', '2'],
        ['remove', 'plain'],
        ['deploy', '--image', bench().content.image, '--port', '81'],
        ['deploy', '--image', bench().content.image, '--port', '81', '--dry-run=server'],
      ];
      for (const verb of verbs) {
        const result = await slipway([...verb, ...bench().where('kept')]);
        const { code, message = '', remedy = '' } = errorOf(result);
        assert.deepEqual([result.exitCode, code], [1, 'ManagedElsewhere'], verb.join(' '));
        assert.match(message, flux);
        assert.match(remedy, /--take-over/);
      }
      assert.equal(await state(), before);
    });

    it('is named where the object is edited', async () => {
      const context = { ...bench().workspace.services.context, kubeconfig: bench().cluster.kubeconfig };
      const [cluster] = await kubernetesTargets.clusters(context, bench().workspace.signal);
      const objects = await cluster?.objects?.();
      const ref = { apiVersion: 'apps/v1', kind: 'Deployment', plural: 'deployments', namespace: 'kept' };
      const owners = await objects?.owners({ ...ref, name: 'plain', uid: '' }, bench().workspace.signal);
      assert.deepEqual(
        owners?.map(({ name }) => name),
        ['Flux (fleet)'],
      );
    });

    it('is asked for once where somebody can answer, and then done with the fields of others', async () => {
      const spec = JSON.stringify({ spec: { minReadySeconds: 7, revisionHistoryLimit: 3 } });
      const by = '--field-manager=kustomize-controller';
      await bench().kubectl('patch', 'deployment', 'plain', '-n', 'kept', by, '-p', spec);
      const questions: TakeOverQuestion[] = [];
      const no = (question: TakeOverQuestion) => Promise.resolve(questions.push(question) < 0);
      await failure(bench().deploy({ namespace: 'kept', takeOver: no }), 'ManagedElsewhere', flux);
      const yes = (question: TakeOverQuestion) => Promise.resolve(questions.push(question) > 0);
      assert.equal((await bench().deploy({ namespace: 'kept', takeOver: yes })).version, 2);
      assert.equal(questions.length, 2);
      assert.deepEqual(questions[1], {
        model: 'plain',
        target: 'kubernetes:testbed/kept',
        owners: questions[0]?.owners,
      });
      const left = await bench().kubectl('get', 'deployment', 'plain', '-n', 'kept', '-o=jsonpath={.spec}');
      assert.doesNotMatch(left, /"minReadySeconds":7/);
    });

    it('is done with --take-over', async () => {
      const removed = await slipway(['remove', 'plain', '--take-over', ...bench().where('kept')]);
      assert.equal(removed.exitCode, 0, removed.stdout);
      assert.deepEqual(await bench().ours('kept'), []);
    });
  });
}
