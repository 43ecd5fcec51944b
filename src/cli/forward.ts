import { Command } from 'commander';
import { stopForward, type HeldForward } from '../pipeline/forwards/heldForwards';
import { holdForward } from '../pipeline/forwards/holdForward';
import { openForward } from '../pipeline/forwards/openForward';
import { openTarget } from '../pipeline/services';
import type { Output } from './output';
import type { CommonOptions, Verb } from './verb';

interface ForwardOptions extends CommonOptions {
  readonly foreground?: boolean;
  readonly stop?: boolean;
}

/** `slipway forward NAME`: a port of this machine that leads to a model in a cluster, and stays. */
export const forwardCommand: Verb = (run) =>
  new Command('forward')
    .description('open a port of this machine that leads to a model in a cluster; it stays until the model is removed')
    .argument('<name>')
    .option('--stop', 'close it')
    .option('--foreground', 'keep it open in this process only, until Ctrl+C')
    .action((name: string, options: ForwardOptions) =>
      run(options, async ({ services, output, target, signal }) => {
        const opened = await openTarget(services, target);
        if (options.stop === true) {
          const wasHeld = await stopForward(services.home, opened.id, name);
          output.emit({ event: 'stopped', model: name, wasHeld });
          output.say(wasHeld ? `The port of ${name} is closed.` : `No port leads to ${name}.`);
        } else if (options.foreground === true) {
          await holdForward(
            services,
            opened.id,
            name,
            (forward) => {
              show(forward, output);
            },
            signal,
          );
        } else show(await openForward(services, opened, name, signal), output);
      }),
    );

function show(forward: HeldForward, output: Output): void {
  const { model, phase, url, reason } = forward;
  output.emit({ event: 'forward', forward });
  output.say(phase === 'active' ? `${model} answers at ${url}` : `${model} is not reached now. ${reason ?? ''}`.trim());
}
