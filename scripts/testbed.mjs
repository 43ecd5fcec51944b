// npm run testbed -- kubernetes [--build] [--nodes=N] [--pods=N]: starts a cluster as the tests have it, with metrics and a
// base image, and keeps it until Ctrl+C. --nodes and --pods add that many fake ones, the pods
// bound to nodes already. With --build it only builds the programs.
import { parseArgs } from 'node:util';
import { debianArchive, pushBase } from '../test/testbed/docker/baseImage.ts';
import { kubernetesBinaries } from '../test/testbed/kubernetes/binaries.ts';
import { startCluster } from '../test/testbed/kubernetes/cluster.ts';
import { addFakes, startKwok } from '../test/testbed/kubernetes/kwok.ts';
import { machineProblem } from '../test/testbed/kubernetes/problem.ts';

const usage = 'Usage: npm run testbed -- kubernetes [--build] [--nodes=N] [--pods=N]';

async function main() {
  const { positionals, values } = parseArgs({
    args: process.argv.slice(2).filter((word) => word !== '--'),
    allowPositionals: true,
    options: {
      build: { type: 'boolean', default: false },
      nodes: { type: 'string', default: '0' },
      pods: { type: 'string', default: '0' },
    },
  });
  if (positionals.join(' ') !== 'kubernetes') throw new Error(usage);
  const problem = machineProblem();
  if (problem !== undefined) throw new Error(problem);
  const programs = await kubernetesBinaries('cluster', console.log);
  const fakes = { nodes: Number(values.nodes), pods: Number(values.pods), isBound: true };
  const isLarge = fakes.nodes > 0;
  const scale = isLarge ? await kubernetesBinaries('scale', console.log) : '';
  if (values.build) return console.log(`The programs are in ${programs}.`);
  const archive = await debianArchive(console.log);
  const cluster = await startCluster({ programs, metrics: true, isLarge });
  if (isLarge) {
    startKwok(cluster, scale);
    console.log(await addFakes(cluster, scale, fakes));
  }
  const base = await pushBase(cluster.registry.host, archive);
  console.log(
    [
      `export KUBECONFIG=${cluster.kubeconfig}`,
      `alice, without rights:  ${cluster.user('alice')}`,
      `bob, without rights:    ${cluster.user('bob')}`,
      `kubectl:                ${programs}/kubectl`,
      `an image with Python:   ${base}`,
      `logs of the programs:   ${cluster.folder}/logs`,
      'Ctrl+C ends the cluster and removes all of it.',
    ].join('\n'),
  );
  // Kept alive until a signal ends the process, which takes the cluster away.
  await new Promise((resolve) => setTimeout(resolve, 2 ** 31 - 1));
}

await main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
