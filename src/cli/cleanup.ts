import { Command } from 'commander';
import { UserError } from '../core/errors';
import { openTarget } from '../pipeline/services';
import { takeOverOption, type CommonOptions, type Verb } from './verb';

interface CleanupOptions extends CommonOptions {
  readonly yes?: boolean;
}

/** `slipway cleanup [NAME…]`: what deploys left that were killed. Only lists it without `--yes`. */
export const cleanupCommand: Verb = (run) =>
  new Command('cleanup')
    .description('list what changes left that were cut off, and put it in order with --yes')
    .argument('[names...]', 'only of these models')
    .option('--yes', 'do what the list tells')
    .addOption(takeOverOption())
    .action((names: readonly string[], options: CleanupOptions) =>
      run(options, async ({ services, output, target, signal }) => {
        const opened = await openTarget(services, target);
        if (opened.leftovers === undefined || opened.cleanUp === undefined)
          throw new UserError('UsageInvalid', `${opened.displayName} cleans up by itself.`);
        const all = await opened.leftovers(signal);
        const found = all.filter(({ model }) => names.length === 0 || names.includes(model));
        if (found.length === 0) output.say('Nothing is left to clean up.');
        for (const leftover of found) {
          if (options.yes === true) await opened.cleanUp(leftover.model, signal);
          output.emit({ event: 'leftover', target, ...leftover, cleaned: options.yes === true });
          output.say(`${leftover.model}  ${leftover.found} ${leftover.cure}${options.yes === true ? ' Done.' : ''}`);
        }
        if (found.length > 0 && options.yes !== true) output.say('Run it again with --yes to do so.');
      }),
    );
