import path from 'node:path';
import { slipway } from '../../support/cli';
import { openWorkspace, repository } from '../../support/workspace';
import { byHand } from './byHand';
import { deployOnce, type DeployFigures } from './deployOnce';
import { median, seconds, table, times } from './figures';
import { plainEnvironment } from './machine';
import { pathWith, uvTools, type UvTools } from './uv';

const pairs = 3;

/** The first deploy of all, with an empty home and an empty package cache, against the same by hand with the same uv. */
export async function coldDeploys(): Promise<string> {
  const uv = await uvTools(new AbortController().signal);
  const ours: DeployFigures[] = [];
  const hand: number[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    if (pair % 2 === 0) ours.push(await coldDeploy(uv));
    hand.push(await byHand(uv));
    if (pair % 2 === 1) ours.push(await coldDeploy(uv));
  }
  const ratios = ours.map((one, pair) => one.ms / (hand[pair] ?? NaN));
  const steps = Object.keys(ours[0]?.steps ?? {}).map(
    (name) => `${name} ${seconds(median(ours.map((one) => one.steps[name] ?? 0)))}`,
  );
  return table([
    ['First deploy, nothing cached', 'Slipway', 'by hand', 'ratio', 'goal', 'where the time goes (medians)'],
    [
      `median of ${pairs} pairs`,
      seconds(median(ours.map((one) => one.ms))),
      seconds(median(hand)),
      times(median(ratios)),
      '<= 1.3 x',
      steps.join(', '),
    ],
    ...ratios.map((ratio, pair) => [
      `pair ${pair + 1}`,
      seconds(ours[pair]?.ms ?? NaN),
      seconds(hand[pair] ?? NaN),
      times(ratio),
      '',
      '',
    ]),
  ]);
}

async function coldDeploy(uv: UvTools): Promise<DeployFigures> {
  const workspace = await openWorkspace({ target: 'local' });
  // The workspace's own home shares its downloads with other runs.
  const home = path.join(workspace.root, 'cold');
  const env = plainEnvironment({ PATH: pathWith(uv) });
  try {
    const project = await workspace.copyProject(path.join(repository, 'examples/iris'));
    return await deployOnce(project, home, env);
  } finally {
    await slipway(['remove', 'iris', '--home', home], { env });
    await workspace.close();
  }
}
