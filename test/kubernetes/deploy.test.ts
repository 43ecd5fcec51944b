import { after, before } from 'node:test';
import type { DeployedModel } from '../../src/core/deployment';
import { describeContract } from '../contract/contract';
import { projects } from '../contract/projects';
import { describeClosedModel } from './closedModel';
import { openDeployBench, policies, type DeployBench } from './deployBench';
import { describeRenderedModel } from './renderedModel';
import { describeScaledModel } from './scaledModel';

const namespace = 'models';
const kinds =
  'horizontalpodautoscalers,poddisruptionbudgets,deployments,replicasets,pods,services,endpointslices,serviceaccounts,configmaps,secrets,leases';

let bench: DeployBench;
before(async () => {
  bench = await openDeployBench({ metrics: true, policies });
});
after(() => bench.cluster.stop());

/** A model on a cluster is objects, and nothing of them may stay. */
async function traces(_workspace: unknown, model: DeployedModel): Promise<() => Promise<readonly string[]>> {
  const names = async (): Promise<readonly string[]> =>
    (await bench.cluster.kubectl('get', kinds, '-n', namespace, '-o=name')).trim().split('\n');
  const before = await names();
  return async () => (await names()).filter((name) => before.includes(name) && name.includes(model.name));
}

describeScaledModel(() => bench);
describeRenderedModel(() => bench);
describeClosedModel(() => bench);

describeContract(
  {
    target: 'kubernetes',
    workspace: () => bench.guardedNamespace(namespace, true),
    traces,
    reach: (model) => bench.reach(namespace, model.name),
    logLine: /^POST \/invocations 200/,
  },
  projects.filter(({ folder }) => ['examples/iris', 'test/fixtures/projects/colours'].includes(folder)),
);
