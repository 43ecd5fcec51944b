// npm run testbed -- kubernetes [OPTIONS]: starts a cluster as the tests have it, with metrics and a base image, and keeps it
// until Ctrl+C. It has as many real nodes as kubelets; --nodes and --pods add that many fake ones, the pods bound to nodes
// already, and Karpenter as many as pods need. With --network-policies its nodes enforce those, which else are words only.
// With --build it only builds the programs, those that all tests need among them.
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { debianArchive, pushBase } from '../test/testbed/docker/baseImage.ts';
import { kubernetesBinaries } from '../test/testbed/kubernetes/binaries.ts';
import { startCluster } from '../test/testbed/kubernetes/cluster.ts';
import { startKarpenter } from '../test/testbed/kubernetes/karpenter.ts';
import { addFakes, startKwok } from '../test/testbed/kubernetes/kwok.ts';
import { machineProblem } from '../test/testbed/kubernetes/problem.ts';

const options = '[--build] [--kubelets=N] [--network-policies] [--karpenter] [--nodes=N] [--pods=N]';
const usage = `Usage: npm run testbed -- kubernetes ${options}`;

function parse() {
  const { positionals, values } = parseArgs({
    args: process.argv.slice(2).filter((word) => word !== '--'),
    allowPositionals: true,
    options: {
      build: { type: 'boolean', default: false },
      kubelets: { type: 'string', default: '1' },
      'network-policies': { type: 'boolean', default: false },
      karpenter: { type: 'boolean', default: false },
      nodes: { type: 'string', default: '0' },
      pods: { type: 'string', default: '0' },
    },
  });
  const problem = positionals.join(' ') === 'kubernetes' ? machineProblem() : usage;
  if (problem !== undefined) throw new Error(problem);
  return values;
}

async function main() {
  const { build, kubelets, karpenter: isElastic, nodes, pods, 'network-policies': isGuarded } = parse();
  const isLarge = Number(nodes) > 0;
  const built = (kind, isNeeded) => (isNeeded ? kubernetesBinaries(kind, console.log) : '');
  const programs = await built('cluster', true);
  const policies = await built('kube-router', isGuarded || build);
  const scale = await built('scale', isLarge || isElastic);
  const karpenter = await built('karpenter', isElastic);
  if (build) return console.log(`The programs are in ${programs}.`);
  const archive = await debianArchive(console.log);
  const cluster = await startCluster({
    ...{ programs, metrics: true, isLarge, kubelets: Number(kubelets) },
    ...(isGuarded && { policies }),
  });
  if (scale !== '') startKwok(cluster, scale, isLarge ? undefined : 12);
  if (isLarge) console.log(await addFakes(cluster, scale, { nodes: Number(nodes), pods: Number(pods), isBound: true }));
  if (karpenter !== '') await startKarpenter(cluster, karpenter);
  const base = await pushBase(cluster.registry.host, archive);
  console.log(greeting(cluster, programs, base));
  for await (const line of createInterface({ input: process.stdin })) await obey(cluster, line);
  // Kept alive until a signal ends the process, which takes the cluster away.
  await new Promise((resolve) => setTimeout(resolve, 2 ** 31 - 1));
}

const greeting = (cluster, programs, base) =>
  [
    `export KUBECONFIG=${cluster.kubeconfig}`,
    `alice, without rights:  ${cluster.user('alice')}`,
    `bob, without rights:    ${cluster.user('bob')}`,
    `kubectl:                ${programs}/kubectl`,
    `an image with Python:   ${base}`,
    `logs of the programs:   ${cluster.folder}/logs`,
    ...cluster.nodes.map(
      ({ name }) => `lose ${name}, start ${name}:  type it, and the node loses its power or has it again`,
    ),
    'Ctrl+C ends the cluster and removes all of it.',
  ].join('\n');

async function obey({ nodes }, line) {
  const [verb, name] = line.trim().split(' ');
  const node = nodes.find((one) => one.name === name);
  const act = { lose: () => node.losePower(), start: () => node.start() }[verb];
  if (node === undefined || act === undefined) return;
  await act();
  console.log(`${verb} ${name}: done`);
}

await main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
