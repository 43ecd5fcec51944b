import { Command } from 'commander';
import { openTarget } from '../pipeline/services';
import { readModelKey } from '../pipeline/modelKey';
import { capability } from './change';
import { takeOverOption, type CommonOptions, type Verb } from './verb';

interface KeyOptions extends CommonOptions {
  readonly rotate?: boolean;
}

/** `slipway key NAME`: what requests to a model must bring. */
export const keyCommand: Verb = (run) =>
  new Command('key')
    .description('print the key that requests to a model bring as Authorization: Bearer KEY')
    .argument('<name>')
    .option('--rotate', 'replace it by a new one, and wait until the model asks for that, about a minute and a half')
    .addOption(takeOverOption())
    .action((name: string, options: KeyOptions) =>
      run(options, async ({ services, output, target, signal }) => {
        const opened = await openTarget(services, target);
        const key =
          options.rotate === true
            ? await capability(opened, opened.rotateKey, 'change the key of')(name, signal)
            : await readModelKey(opened, name, signal);
        output.emit({ event: 'key', model: name, key });
        output.say(key);
      }),
    );
