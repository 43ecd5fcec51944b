import { Command } from 'commander';
import { describeAutoscale } from '../core/autoscale';
import { shownEndpoint } from '../core/deployment';
import { addressedModels } from '../pipeline/addressed';
import { heldForwards, isOpen } from '../pipeline/forwards/heldForwards';
import { openTarget } from '../pipeline/services';
import type { CommonOptions, Verb } from './verb';

/** `slipway models`: every model of a target with its state. */
export const modelsCommand: Verb = (run) =>
  new Command('models').description('list the models of a target').action((options: CommonOptions) =>
    run(options, async ({ services, output, target, signal }) => {
      const opened = await openTarget(services, target);
      const models = await addressedModels(opened, signal);
      const held = (await heldForwards(services.home)).filter((one) => one.target === opened.id);
      if (models.length === 0) output.say('There are no models yet.');
      for (const model of models) {
        const forward = held.find((one) => one.model === model.name);
        const here = isOpen(forward) ? `  here at ${forward.url}` : '';
        output.emit({ event: 'model', model, ...(isOpen(forward) ? { forward: forward.url } : {}) });
        const scaling = model.autoscale === undefined ? '' : `  ${describeAutoscale(model.autoscale)}`;
        const reason = model.reason === undefined ? '' : `  ${model.reason.message}`;
        output.say(
          `${model.name}  v${String(model.version ?? '-')}  ${model.phase}  ${String(model.replicas.ready)}/${String(model.replicas.desired)}  ${shownEndpoint(model) || '-'}${here}${scaling}${reason}`,
        );
      }
    }),
  );
