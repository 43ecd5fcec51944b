import { Command, CommanderError, Option } from 'commander';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { isAbort, isUserError } from './core/errors';
import { defaultHome } from './core/home';
import { autoscaleCommand } from './cli/autoscale';
import { buildCommand } from './cli/build';
import { compareCommand } from './cli/compare';
import { cleanupCommand } from './cli/cleanup';
import { activatedEnvironments } from './cli/environments';
import { deployCommand } from './cli/deploy';
import { forwardCommand } from './cli/forward';
import { inspectCommand } from './cli/inspect';
import { keyCommand } from './cli/key';
import { lockCommand } from './cli/lock';
import { logsCommand } from './cli/logs';
import { modelsCommand } from './cli/models';
import { registryCommand } from './cli/registry';
import { predictCommand } from './cli/predict';
import { removeCommand, restartCommand, rollbackCommand, scaleCommand, startCommand, stopCommand } from './cli/change';
import { jsonOutput, terminalOutput, type Output } from './cli/output';
import { makeServices } from './pipeline/services';

const exitCodes = { done: 0, failed: 1, usage: 2, cancelled: 130 } as const;

/** Every verb. To add one: a file in `cli/` and a line here. */
const verbs = [
  inspectCommand,
  lockCommand,
  deployCommand,
  buildCommand,
  registryCommand,
  modelsCommand,
  logsCommand,
  predictCommand,
  keyCommand,
  forwardCommand,
  scaleCommand,
  autoscaleCommand,
  rollbackCommand,
  restartCommand,
  stopCommand,
  startCommand,
  compareCommand,
  removeCommand,
  cleanupCommand,
];

/** Runs the command line and returns the exit code. `resources` is the folder that ships beside the program. */
export async function main(argv: readonly string[], resources: string): Promise<number> {
  const controller = new AbortController();
  const cancel = (): void => {
    controller.abort();
  };
  process.on('SIGINT', cancel);
  process.on('SIGTERM', cancel);
  let output: Output = terminalOutput();
  const program = new Command('slipway')
    .description('From a notebook to a model that answers.')
    .version(versionOf(resources), '-V, --version', 'print the version')
    .exitOverride()
    .configureOutput({
      outputError: (text, write) => {
        write(text);
      },
    });
  for (const verb of verbs) {
    const command = verb((options, body) => {
      output = options.json === true ? jsonOutput() : terminalOutput();
      const home = options.home === undefined ? defaultHome() : path.resolve(options.home);
      return body({
        services: makeServices(
          {
            home,
            resources,
            program: 'slipway',
            kubeconfig: options.kubeconfig ?? '',
            takeOver: () => Promise.resolve(options.takeOver === true),
          },
          { environments: activatedEnvironments },
        ),
        output,
        target: options.target,
        signal: controller.signal,
      });
    });
    command
      .option('--home <dir>', "keep all state in this folder instead of the platform's data directory")
      .option('--kubeconfig <file>', 'find Kubernetes contexts there instead of where kubectl does')
      .option('--json', 'print one JSON object a line')
      .addOption(new Option('--target <target>', 'where the model runs').default('local'))
      .exitOverride();
    program.addCommand(command);
  }
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return exitCodes.done;
  } catch (error) {
    return exitCodeFor(error, output);
  } finally {
    output.close();
    process.off('SIGINT', cancel);
    process.off('SIGTERM', cancel);
  }
}

function versionOf(resources: string): string {
  const manifest = readFileSync(path.join(resources, '..', 'package.json'), 'utf8');
  return (JSON.parse(manifest) as { readonly version: string }).version;
}

function exitCodeFor(error: unknown, output: Output): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
  if (isAbort(error)) {
    output.cancelled();
    return exitCodes.cancelled;
  }
  output.failed(error);
  return isUserError(error) && error.code === 'UsageInvalid' ? exitCodes.usage : exitCodes.failed;
}
