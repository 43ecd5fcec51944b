import { Command } from 'commander';
import { UserError } from '../core/errors';
import { inertText } from '../core/inertText';
import { openTarget } from '../pipeline/services';
import { wholeNumber } from './numbers';
import type { CommonOptions, Verb } from './verb';

interface LogsOptions extends CommonOptions {
  readonly follow?: boolean;
  readonly tail?: number;
}

/** `slipway logs NAME`: the lines of all replicas, with a marker where lines were lost. */
export const logsCommand: Verb = (run) =>
  new Command('logs')
    .description('print the log of a model')
    .argument('<name>')
    .option('-f, --follow', 'wait for further lines')
    .option('--tail <n>', 'start with the last n lines', wholeNumber)
    .action((name: string, options: LogsOptions) =>
      run(options, async ({ services, output, target, signal }) => {
        const opened = await openTarget(services, target);
        const models = await opened.models(signal);
        if (!models.some((model) => model.name === name))
          throw new UserError('ModelNotFound', `There is no model named ${name} on ${opened.displayName}.`);
        const logs = opened.logs(
          name,
          { follow: options.follow === true, ...(options.tail === undefined ? {} : { tail: options.tail }) },
          signal,
        );
        let last: number | undefined;
        let generation: string | undefined;
        for await (const line of logs) {
          if (last !== undefined && line.generation !== generation) {
            output.say('… the model was removed and deployed again');
            last = 0;
          }
          generation = line.generation;
          if (last !== undefined && line.seq > last + 1)
            output.say(`… ${String(line.seq - last - 1)} lines are no longer kept`);
          last = line.seq;
          output.emit({ event: 'log', ...line });
          output.say(`${line.time} [${line.source}] ${inertText(line.text)}`);
        }
      }),
    );
