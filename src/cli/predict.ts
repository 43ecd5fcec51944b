import { Command } from 'commander';
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { UserError } from '../core/errors';
import { predict } from '../pipeline/predict';
import { openTarget } from '../pipeline/services';
import type { CommonOptions, Verb } from './verb';

interface PredictOptions extends CommonOptions {
  readonly input: string;
}

/** `slipway predict NAME --input FILE`: one request by MLflow's scoring protocol. */
export const predictCommand: Verb = (run) =>
  new Command('predict')
    .description('send one request to a model')
    .argument('<name>')
    .requiredOption('--input <file>', "file with the body of a request to /invocations, or '-' for standard input")
    .action((name: string, options: PredictOptions) =>
      run(options, async ({ services, output, target, signal }) => {
        const body = await readBody(options.input);
        const { answer, ms } = await predict(await openTarget(services, target), name, body, signal);
        output.emit({ ...answer, ms });
        output.say(JSON.stringify(answer.predictions));
      }),
    );

async function readBody(file: string): Promise<string> {
  if (file === '-') return text(process.stdin);
  return readFile(file, 'utf8').catch((cause: unknown) => {
    throw new UserError('InputUnreadable', `The input file ${file} could not be read.`, {
      cause,
      remedy: { kind: 'hint', label: 'Check the path given with --input.' },
    });
  });
}
