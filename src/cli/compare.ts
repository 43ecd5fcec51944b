import { Command } from 'commander';
import { compareReleases } from '../pipeline/compareReleases';
import { openTarget } from '../pipeline/services';
import { positiveInteger } from './numbers';
import type { CommonOptions, Verb } from './verb';

/** `slipway compare NAME A B`: what changed between two releases. */
export const compareCommand: Verb = (run) =>
  new Command('compare')
    .description('show what changed between two releases of a model')
    .argument('<name>')
    .argument('<from>', 'version of a release', positiveInteger)
    .argument('<to>', 'version of another', positiveInteger)
    .action((name: string, from: number, to: number, options: CommonOptions) =>
      run(options, async ({ services, output, target, signal }) => {
        const opened = await openTarget(services, target);
        const { differences } = await compareReleases(opened, name, [from, to], signal);
        output.emit({ event: 'compared', name, target, from, to, differences });
        if (differences.length === 0) output.say('They are the same.');
        for (const { what, left = '-', right = '-' } of differences) output.say(`${what}: ${left} -> ${right}`);
      }),
    );
