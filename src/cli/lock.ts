import { Command } from 'commander';
import path from 'node:path';
import { saveLock } from '../pipeline/saveLock';
import { cliHost } from './host';
import type { CommonOptions, Verb } from './verb';

interface LockOptions extends CommonOptions {
  readonly replace?: boolean;
}

/** `slipway lock PATH`: writes the versions that a deploy would take into the project. */
export const lockCommand: Verb = (run) =>
  new Command('lock')
    .description('solve the packages of a project and write them to its pylock.toml, which deploys go by from then on')
    .argument('<path>', 'folder of the project, a notebook, or a model file')
    .option('--replace', 'solve anew although there is a pylock.toml')
    .action((project: string, options: LockOptions) =>
      run(options, async ({ services, output, signal }) => {
        const host = await cliHost(output, { yes: false, envFile: undefined });
        const request = { path: path.resolve(project), replace: options.replace === true };
        const { file, packages } = await saveLock(services, host, request, signal);
        output.emit({ event: 'locked', file, packages });
        output.say(`${file} pins ${String(packages)} packages`);
      }),
    );
