import { Command, InvalidArgumentError } from 'commander';
import { parseSince } from '../core/duration';
import { UserError } from '../core/errors';
import { inertText } from '../core/inertText';
import type { Target } from '../core/target';
import { followLogs, readLog, type LogEntry } from '../pipeline/followLogs';
import { parseFilter, type LogFilter } from '../pipeline/logFilter';
import { openTarget } from '../pipeline/services';
import { wholeNumber } from './numbers';
import type { Output } from './output';
import type { CommonOptions, Verb } from './verb';

interface LogsOptions extends CommonOptions {
  readonly follow?: boolean;
  readonly tail?: number;
  readonly since?: string;
  readonly filter?: LogFilter;
  readonly replica?: string;
}

/** `slipway logs NAME`: the lines of all replicas, with a marker where lines were lost. */
export const logsCommand: Verb = (run) =>
  new Command('logs')
    .description('print the log of a model')
    .argument('<name>')
    .option('-f, --follow', 'wait for further lines')
    .option('--tail <n>', 'start with the last n lines', wholeNumber)
    .option('--since <when>', 'start that long ago (90s, 15m, 2h, 1d), or at a date', moment)
    .option('--replica <source>', 'only lines of that replica, as it stands in brackets; of a release: its number')
    .option(
      '--filter <text>',
      'only lines with these words, or that match /expression/; ! before it for all others',
      filter,
    )
    .action((name: string, options: LogsOptions) =>
      run(options, async ({ services, output, target, signal }) => {
        const opened = await openTarget(services, target);
        if (!(await has(opened, name, signal)))
          throw new UserError('ModelNotFound', `There is no model named ${name} on ${opened.displayName}.`);
        const replica = options.replica === undefined ? undefined : parseFilter(`source:${options.replica}`);
        for await (const entry of entriesOf(opened, name, options, signal)) {
          if ([options.filter, replica].some((one) => one?.matches(entry) === false)) continue;
          print(entry, output);
        }
      }),
    );

function entriesOf(target: Target, name: string, options: LogsOptions, signal: AbortSignal): AsyncIterable<LogEntry> {
  const source = target.logs.bind(undefined, name);
  const { tail, since } = options;
  const begin = { ...(tail === undefined ? {} : { tail }), ...(since === undefined ? {} : { since }) };
  if (options.follow !== true) return readLog(source, begin, signal);
  return followLogs(source, { ...begin, exists: (abort) => has(target, name, abort) }, signal);
}

async function has(target: Target, name: string, signal: AbortSignal): Promise<boolean> {
  return (await target.models(signal)).some((model) => model.name === name);
}

function print(entry: LogEntry, output: Output): void {
  if (entry.kind === 'restart') output.say('… the model was removed and deployed again');
  if (entry.kind === 'gap') output.say(`… ${String(entry.lost)} lines are no longer kept`);
  if (entry.kind !== 'line') {
    output.emit({ event: entry.kind, ...(entry.kind === 'gap' ? { lost: entry.lost } : {}) });
    return;
  }
  const { line } = entry;
  output.emit({ event: 'log', ...line });
  output.say(`${line.time} [${line.source}] ${inertText(line.text)}`);
}

function moment(text: string): string {
  const since = parseSince(text, Date.now());
  if (since === undefined) throw new InvalidArgumentError('A duration such as 15m, or a date is needed.');
  return since;
}

function filter(text: string): LogFilter | undefined {
  try {
    return parseFilter(text);
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
}
