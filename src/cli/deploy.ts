import { Command } from 'commander';
import path from 'node:path';
import { deployModel } from '../pipeline/deployModel';
import { cliHost } from './host';
import { positiveInteger } from './numbers';
import type { CommonOptions, Verb } from './verb';

interface DeployOptions extends CommonOptions {
  readonly name?: string;
  readonly yes?: boolean;
  readonly retrain?: boolean;
  readonly replicas?: number;
  readonly port?: number;
  readonly envFile?: string;
  readonly timeout?: number;
}

/** `slipway deploy PATH`: the whole way from a notebook to an endpoint that answered. */
export const deployCommand: Verb = (run) =>
  new Command('deploy')
    .description('deploy the model of a notebook project')
    .argument('<path>', 'folder of the project, a notebook, or a model file')
    .option('--name <name>', 'name of the model; by default that of the project')
    .option('--yes', 'agree to execute the notebook')
    .option('--retrain', 'execute the notebook although nothing changed')
    .option('--replicas <n>', 'how many processes or pods answer', positiveInteger)
    .option('--port <port>', 'port of the endpoint on this machine', positiveInteger)
    .option('--env-file <file>', 'read values of secrets from this file')
    .option('--timeout <seconds>', 'how long the model may take to become ready', positiveInteger)
    .action((project: string, options: DeployOptions) =>
      run(options, async ({ services, output, target, signal }) => {
        const host = await cliHost(output, { yes: options.yes === true, envFile: options.envFile });
        await deployModel(
          services,
          host,
          {
            path: path.resolve(project),
            target,
            ...(options.name === undefined ? {} : { name: options.name }),
            ...(options.replicas === undefined ? {} : { replicas: options.replicas }),
            ...(options.port === undefined ? {} : { port: options.port }),
            ...(options.timeout === undefined ? {} : { readyTimeoutSeconds: options.timeout }),
            retrain: options.retrain === true,
          },
          signal,
        );
      }),
    );
