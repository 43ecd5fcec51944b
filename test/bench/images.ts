import { mkdtemp, rm } from 'node:fs/promises';
import { debianArchive, pushBase } from '../testbed/docker/baseImage';
import { engineProblem, startEngine } from '../testbed/docker/engine';
import { startRegistry } from '../testbed/docker/registry';
import { unmountBelow } from '../testbed/docker/unmount';
import { endProcessesNaming } from '../testbed/cleanup';
import { buildCli } from '../support/cli';
import { askUntilAnswered } from './images/ask';
import {
  buildahContender,
  dockerContenders,
  pushPeerBase,
  slipwayContender,
  windowContender,
} from './images/contenders';
import type { Arena, Contender } from './images/contenders';
import { skaffoldContender } from './images/skaffold';
import { floor, layerBytes } from './images/floor';
import { writeIndexValidity } from './images/indexValidity';
import { openOutwards } from './images/network';
import { makeProject, type BenchProject } from './images/project';
import { median, seconds, table, times } from './local/figures';
import { load, machine } from './local/machine';
import { uvTools } from './local/uv';

// npm run bench -- images [ROUNDS]: builds one project in several ways, from nothing, with a dependency more, after an edit.

const stages = ['cold', 'dependency', 'edit', 'answering'] as const;
type Stage = (typeof stages)[number];
type Figures = Record<Stage, number[]>;

const titles: Readonly<Record<Stage, string>> = {
  cold: 'nothing cached',
  dependency: 'a dependency added',
  edit: 'a line of code edited',
  answering: 'edited until the container answers',
};
const isOurs = (name: string): boolean => name.startsWith('Slipway');

/** One contender through all stages; every round has a repository of its own. */
async function race(arena: Arena, project: BenchProject, contender: Contender, round: number): Promise<Figures> {
  const repository = `round${String(round)}/${contender.name.toLowerCase().replace(/[^a-z0-9]+/g, '-')}`;
  await contender.reset();
  await project.reset();
  await project.edit();
  const cold = await contender.build(repository);
  await project.addDependency();
  const dependency = await contender.build(repository);
  // The engine gets the packages once, as a cluster's nodes do.
  await askUntilAnswered(arena.engine, dependency.image);
  await project.edit();
  const edit = await contender.build(repository);
  await project.edit();
  const started = performance.now();
  await askUntilAnswered(arena.engine, (await contender.build(repository)).image);
  peaks.set(contender.name, Math.max(peaks.get(contender.name) ?? 0, cold.peak));
  if (contender.name.endsWith('--no-byte-code')) floorImage = dependency.image;
  return {
    cold: [cold.ms],
    dependency: [dependency.ms],
    edit: [edit.ms],
    answering: [performance.now() - started],
  };
}

const peaks = new Map<string, number>();
/** The last image without byte code: as many bytes as the floor sends. */
let floorImage = '';

function report(figures: ReadonlyMap<string, Figures>, floors: readonly number[]): string {
  const middle = (name: string, stage: Stage): number => median(figures.get(name)?.[stage] ?? []);
  const names = [...figures.keys()];
  const best = (stage: Stage): number =>
    Math.min(...names.filter((name) => !isOurs(name)).map((name) => middle(name, stage)));
  const row = (name: string): readonly string[] => [
    name,
    ...stages.flatMap((stage) => {
      const ratio = isOurs(name) ? ` (${times(best(stage) / middle(name, stage))})` : '';
      return [`${seconds(middle(name, stage))}${ratio}`];
    }),
  ];
  const memory = names
    .filter((name) => (peaks.get(name) ?? 0) > 0 && isOurs(name))
    .map((name) => `${name}: ${String(Math.round((peaks.get(name) ?? 0) / 2 ** 20))} MiB`);
  return [
    table([['median (of the best other)', ...stages.map((stage) => titles[stage])], ...names.map(row)]),
    '',
    `Floor, installing with uv and sending as many bytes: ${seconds(median(floors))}.`,
    `Peak memory of the builder itself: ${memory.join(', ')}.`,
  ].join('\n');
}

async function openContenders(arena: Arena, window: Contender): Promise<readonly Contender[]> {
  const peers = await pushPeerBase(arena);
  const buildah = await buildahContender(arena, peers);
  if (buildah === undefined) console.log('buildah is not installed, so it is not measured.');
  const skaffold = await skaffoldContender(arena, peers).catch((error: unknown) => {
    console.log(`Skaffold is not measured: ${error instanceof Error ? error.message : String(error)}`);
  });
  const ours = [slipwayContender(arena, true), window, slipwayContender(arena, false)];
  // Slipway reads a base once in its life, as engines pull it once.
  for (const contender of ours) await contender.build('warm/up');
  const others = [...(await dockerContenders(arena, peers)), skaffold, buildah];
  return [...ours, ...others.filter((one) => one !== undefined)];
}

async function measure(arena: Arena, window: Contender, project: BenchProject, rounds: number): Promise<string> {
  const contenders = await openContenders(arena, window);
  const figures = new Map<string, Figures>();
  const failed = new Set<string>();
  const floors: number[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const contender of contenders.filter(({ name }) => !failed.has(name))) {
      const { name } = contender;
      const found = await race(arena, project, contender, round).catch((error: unknown) => {
        process.exitCode = 1;
        failed.add(name);
        figures.delete(name);
        console.log(`${name} is not measured: ${error instanceof Error ? error.message : String(error)}`);
      });
      if (found === undefined) continue;
      const all: Figures = figures.get(name) ?? { cold: [], dependency: [], edit: [], answering: [] };
      for (const stage of stages) all[stage].push(...found[stage]);
      figures.set(name, all);
      console.log(`${name}: ${stages.map((stage) => seconds(found[stage][0] ?? NaN)).join(', ')} (${load()})`);
    }
    await project.reset();
    floors.push(await floor(arena, await layerBytes(arena.host, floorImage)));
  }
  return report(figures, floors);
}

async function main(): Promise<void> {
  const problem = engineProblem();
  if (problem !== undefined) throw new Error(`Nothing was measured: ${problem}.`);
  const rounds = Number(process.argv.slice(2).find((word) => /^\d+$/.test(word)) ?? 5);
  console.log(`${machine()}, ${load()}, ${String(rounds)} rounds`);
  await buildCli();
  const root = await mkdtemp('/var/tmp/slw-bench-');
  const registry = await startRegistry();
  const engine = await startEngine([registry.port]);
  const close = openOutwards(engine.network);
  try {
    const host = registry.host;
    const reached = await engine.reach(registry.port);
    const base = await pushBase(host, await debianArchive(console.log));
    const project = await makeProject(root);
    const uv = await uvTools(new AbortController().signal);
    const uvConfiguration = await writeIndexValidity(root);
    const arena: Arena = { root, project: project.folder, engine, host, reached, base, uv, uvConfiguration };
    const window = windowContender(arena);
    try {
      console.log(`\n${await measure(arena, window, project, rounds)}\n\n${load()}`);
    } finally {
      window.close();
    }
  } finally {
    close();
    await engine.stop();
    await registry.stop();
    endProcessesNaming(root);
    unmountBelow(root);
    await rm(root, { recursive: true, force: true });
  }
}

await main();
