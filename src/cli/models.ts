import { Command } from 'commander';
import { describeAutoscale } from '../core/autoscale';
import { shownEndpoint } from '../core/deployment';
import { openTarget } from '../pipeline/services';
import type { CommonOptions, Verb } from './verb';

/** `slipway models`: every model of a target with its state. */
export const modelsCommand: Verb = (run) =>
  new Command('models').description('list the models of a target').action((options: CommonOptions) =>
    run(options, async ({ services, output, target, signal }) => {
      const models = await (await openTarget(services, target)).models(signal);
      if (models.length === 0) output.say('There are no models yet.');
      for (const model of models) {
        output.emit({ event: 'model', model });
        const scaling = model.autoscale === undefined ? '' : `  ${describeAutoscale(model.autoscale)}`;
        const reason = model.reason === undefined ? '' : `  ${model.reason.message}`;
        output.say(
          `${model.name}  v${String(model.version ?? '-')}  ${model.phase}  ${String(model.replicas.ready)}/${String(model.replicas.desired)}  ${shownEndpoint(model) || '-'}${scaling}${reason}`,
        );
      }
    }),
  );
