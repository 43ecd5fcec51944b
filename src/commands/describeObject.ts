import { clusterSubject } from '../editor/explorer/clusterSubject';
import { withViewProgress } from '../editor/progress';
import { ReadOnlyText } from '../editor/readOnlyText';
import type { Command } from './command';

/** Shows the state of an object with its events. */
export const describeObject: Command = async (app, subject) => {
  const { objects, ref } = await clusterSubject(app.clusters, subject);
  const text = await withViewProgress('slipway.clusters', () => objects.describe(ref, AbortSignal.timeout(30_000)));
  const texts = app.shared('slipway-describe', () => new ReadOnlyText('slipway-describe'));
  await texts.show(`${ref.namespace ?? ''}/${ref.kind} ${ref.name}.yaml`, text);
};
