import { setTimeout as delay } from 'node:timers/promises';
import { openService } from '../../kubernetes/deployBench';
import { kubernetesBinaries } from '../../testbed/kubernetes/binaries';
import { median, seconds, table, times } from '../local/figures';
import { load } from '../local/machine';
import { openArena, type LoopArena } from './loop/arena';
import { dockerContender, modelName, slipwayContender, type Contender, type Stages } from './loop/contenders';
import { floorOf, type Floor } from './loop/floor';
import { answerAfter, makeEdit, question, type Edit } from './loop/project';
import { skaffoldContender } from './loop/skaffold';

const edits: readonly Edit[] = ['train', 'predict'];
const titles: Readonly<Record<Edit, string>> = {
  train: 'a cell that trains',
  predict: 'what answers',
};
const pollMs = 40;
const patienceMs = 300_000;

interface Round {
  /** From the edit until the Service answered with the new release, in milliseconds. */
  readonly answered: number;
  readonly stages: Stages;
}

type Figures = ReadonlyMap<string, Readonly<Record<Edit, Round[]>>>;

/** From the edit of a cell to a release that answers through the Service, by Slipway, by hand and by Skaffold. */
export async function loopFigures(rounds: number): Promise<string> {
  const programs = await kubernetesBinaries('cluster', console.log);
  await kubernetesBinaries('skaffold', console.log);
  const arena = await openArena(programs);
  const contenders: Contender[] = [];
  try {
    for (const open of [slipwayContender, dockerContender, skaffoldContender])
      contenders.push(await open(arena, programs));
    const figures = await measure(arena, contenders, rounds);
    return report(figures, await floorOf(arena, contenders[0]?.namespace ?? ''));
  } finally {
    for (const contender of contenders) await contender.stop();
    await arena.close();
  }
}

async function measure(arena: LoopArena, contenders: readonly Contender[], rounds: number): Promise<Figures> {
  const figures = new Map<string, Record<Edit, Round[]>>();
  const done = { train: 0, predict: 0 };
  const urls = new Map<Contender, string>();
  for (const contender of contenders)
    try {
      await contender.start();
      const url = `${await openService(arena.cluster, contender.namespace, modelName)}/invocations`;
      await untilAnswer(url, answerAfter(done));
      urls.set(contender, url);
      figures.set(contender.name, { train: [], predict: [] });
    } catch (error) {
      process.exitCode = 1;
      console.log(`${contender.name} is not measured: ${error instanceof Error ? error.message : String(error)}`);
    }
  for (let round = 1; round <= rounds; round++)
    for (const edit of edits) {
      done[edit] = round;
      for (const [contender, url] of urls) {
        await makeEdit(contender.folder, edit, round);
        const measured = await runOnce(contender, url, edit, answerAfter(done));
        figures.get(contender.name)?.[edit].push(measured);
        console.log(`${contender.name}, ${titles[edit]}: ${told(measured)} (${load()})`);
      }
    }
  return figures;
}

const told = ({ answered, stages }: Round): string =>
  [seconds(answered), ...Object.entries(stages).map(([stage, ms]) => `${stage} ${seconds(ms)}`)].join(', ');

async function runOnce(contender: Contender, url: string, edit: Edit, expected: string): Promise<Round> {
  const started = performance.now();
  const answering = untilAnswer(url, expected).then(() => performance.now() - started);
  answering.catch(() => undefined);
  const stages = await contender.deploy(edit);
  const answered = await answering;
  await contender.settle();
  return { answered, stages };
}

async function untilAnswer(url: string, expected: string): Promise<void> {
  const end = performance.now() + patienceMs;
  const options = {
    method: 'POST',
    body: question,
    headers: { 'content-type': 'application/json', connection: 'close' },
  };
  while (performance.now() < end) {
    const response = await fetch(url, options).catch(() => undefined);
    if (response?.ok === true && (await response.text()).includes(`"${expected}"`)) return;
    await delay(pollMs);
  }
  throw new Error(`${url} did not answer ${expected} within ${String(patienceMs / 1000)} s`);
}

function report(figures: Figures, floor: Floor): string {
  const least = floor.pull + floor.imports + floor.period;
  const rest = ({ answered, stages }: Round): number => answered - stages.training;
  const middle = (name: string, edit: Edit, of: (round: Round) => number): number =>
    median((figures.get(name)?.[edit] ?? []).map(of));
  const [ours = '', ...others] = figures.keys();
  const row = (name: string, edit: Edit): readonly string[] => {
    const mine = middle(name, edit, rest);
    const best = Math.min(...others.map((other) => middle(other, edit, rest)));
    const ratios = name === ours ? [times(best / mine), times(mine / least)] : ['', times(mine / least)];
    const all = [
      middle(name, edit, ({ answered }) => answered),
      middle(name, edit, ({ stages }) => stages.training),
      mine,
    ];
    return [name, titles[edit], ...all.map(seconds), ...ratios];
  };
  const head = [
    'median',
    'edited',
    'until it answers',
    'executing the notebook',
    'the rest',
    'of the better other',
    'of the floor',
  ];
  return [
    table([head, ...edits.flatMap((edit) => [...figures.keys()].map((name) => row(name, edit)))]),
    '',
    `Floor ${seconds(least)}: pull ${seconds(floor.pull)}, Python and imports ${seconds(floor.imports)}, one period ${seconds(floor.period)}.`,
    ...edits.map((edit) => `${ours}, ${titles[edit]}: ${stagesText(figures.get(ours)?.[edit] ?? [])}.`),
  ].join('\n');
}

function stagesText(rounds: readonly Round[]): string {
  const names = Object.keys(rounds[0]?.stages ?? {});
  return names.map((name) => `${name} ${seconds(median(rounds.map(({ stages }) => stages[name] ?? 0)))}`).join(', ');
}
