import { Command } from 'commander';
import { checkAutoscale, defaultCpuPercent, type Autoscale } from '../core/autoscale';
import { UserError } from '../core/errors';
import { capability, change } from './change';
import { positiveInteger } from './numbers';
import { takeOverOption, type CommonOptions, type Verb } from './verb';

interface AutoscaleOptions extends CommonOptions {
  readonly min?: number;
  readonly max?: number;
  readonly cpu?: number;
  readonly requests?: number;
  readonly scaleDownAfter?: number;
  readonly off?: boolean;
}

/** `slipway autoscale NAME`: replicas by load. */
export const autoscaleCommand: Verb = (run) =>
  new Command('autoscale')
    .description('leave the number of replicas to the cluster')
    .argument('<name>')
    .option('--min <n>', 'fewest replicas', positiveInteger)
    .option('--max <n>', 'most replicas', positiveInteger)
    .option('--cpu <percent>', 'of the requested CPU, on average over the replicas; by default 70', positiveInteger)
    .option('--requests <n>', 'a second that each replica answers, instead of CPU', positiveInteger)
    .option('--scale-down-after <seconds>', 'of less load before replicas go; by default 300', positiveInteger)
    .option('--off', 'leave the number of replicas to people again')
    .addOption(takeOverOption())
    .action((name: string, options: AutoscaleOptions) =>
      run(options, (context) => {
        const wish = wishOf(options);
        const what = wish === undefined ? 'left to people to scale' : 'left to the cluster to scale';
        return change(context, name, what, (target) =>
          capability(target, target.autoscale, 'autoscale')(name, wish, context.signal),
        );
      }),
    );

function wishOf({ off, min, max, cpu, requests, scaleDownAfter }: AutoscaleOptions): Autoscale | undefined {
  if (off === true) return undefined;
  if (min === undefined || max === undefined)
    throw new UserError(
      'UsageInvalid',
      'Name the fewest and the most replicas with --min and --max, or end it with --off.',
    );
  const goals = {
    ...(cpu === undefined ? {} : { cpu }),
    ...(requests === undefined ? {} : { requests }),
    ...(cpu === undefined && requests === undefined ? { cpu: defaultCpuPercent } : {}),
  };
  const wish = { min, max, ...goals, ...(scaleDownAfter === undefined ? {} : { scaleDownAfter }) };
  checkAutoscale(wish);
  return wish;
}
