import { Command } from 'commander';
import { shownEndpoint } from '../core/deployment';
import { UserError } from '../core/errors';
import type { Target } from '../core/target';
import { addressedModel } from '../pipeline/addressed';
import { releaseSecrets } from '../pipeline/releaseSecrets';
import { collectSecrets } from '../pipeline/secrets';
import { openTarget } from '../pipeline/services';
import { secretSource } from './host';
import { positiveInteger } from './numbers';
import { takeOverOption, type CliContext, type CommonOptions, type Verb } from './verb';

interface ToOptions extends CommonOptions {
  readonly to?: number;
}

interface StartOptions extends CommonOptions {
  readonly envFile?: string;
}

export const scaleCommand: Verb = (run) =>
  new Command('scale')
    .description('change how many replicas answer')
    .argument('<name>')
    .argument('<replicas>', 'how many', positiveInteger)
    .addOption(takeOverOption())
    .action((name: string, replicas: number, options: CommonOptions) =>
      run(options, (context) =>
        change(context, name, `scaled to ${String(replicas)}`, (target) =>
          capability(target, target.scale, 'scale')(name, replicas, context.signal),
        ),
      ),
    );

export const rollbackCommand: Verb = (run) =>
  new Command('rollback')
    .description('go back to an earlier release')
    .argument('<name>')
    .option('--to <version>', 'the release; by default the one before the current', positiveInteger)
    .addOption(takeOverOption())
    .action((name: string, options: ToOptions) =>
      run(options, (context) =>
        change(context, name, 'rolled back', (target) =>
          capability(target, target.rollback, 'roll back')(name, options.to, context.signal),
        ),
      ),
    );

export const restartCommand: Verb = (run) =>
  new Command('restart')
    .description('replace the replicas one after the other; requests are answered throughout')
    .argument('<name>')
    .addOption(takeOverOption())
    .action((name: string, options: CommonOptions) =>
      run(options, (context) =>
        change(context, name, 'restarted', (target) =>
          capability(target, target.restart, 'restart')(name, context.signal),
        ),
      ),
    );

export const stopCommand: Verb = (run) =>
  new Command('stop')
    .description('stop a model and keep its releases and its port')
    .argument('<name>')
    .addOption(takeOverOption())
    .action((name: string, options: CommonOptions) =>
      run(options, (context) =>
        change(context, name, 'stopped', (target) => capability(target, target.stop, 'stop')(name, context.signal)),
      ),
    );

export const startCommand: Verb = (run) =>
  new Command('start')
    .description('start a stopped model')
    .argument('<name>')
    .option('--env-file <file>', 'read values of secrets from this file')
    .addOption(takeOverOption())
    .action((name: string, options: StartOptions) =>
      run(options, (context) =>
        change(context, name, 'started', async (target) => {
          const start = capability(target, target.start, 'start');
          const { names } = await releaseSecrets(context.services.home, name, undefined);
          const secrets = await collectSecrets({ secret: await secretSource(options.envFile) }, names, context.signal);
          await start(name, secrets, context.signal);
        }),
      ),
    );

export const removeCommand: Verb = (run) =>
  new Command('remove')
    .description('remove a model with all its releases')
    .argument('<name>')
    .addOption(takeOverOption())
    .action((name: string, options: CommonOptions) =>
      run(options, async ({ services, output, target, signal }) => {
        await (await openTarget(services, target)).remove(name, signal);
        output.emit({ event: 'removed', name, target });
        output.say(`${name} was removed.`);
      }),
    );

/** Does something to a model, and says how it is then. */
export async function change(
  { services, output, target, signal }: CliContext,
  name: string,
  what: string,
  body: (target: Target) => Promise<unknown>,
): Promise<void> {
  const opened = await openTarget(services, target);
  await body(opened);
  const model = await addressedModel(opened, name, signal);
  output.emit({ event: 'changed', name, target, model });
  output.say(
    `${name} was ${what}: ${model?.phase ?? 'unknown'} ${model === undefined ? '' : shownEndpoint(model)}`.trimEnd(),
  );
}

/** @throws UserError UsageInvalid where the target cannot do it */
export function capability<Method>(target: Target, method: Method | undefined, verb: string): Method {
  if (method === undefined) throw new UserError('UsageInvalid', `${target.displayName} cannot ${verb} models.`);
  return method;
}
