import { buildImage } from '../../../src/pipeline/buildImage';
import { makeServices, type Services } from '../../../src/pipeline/services';
import { parseImageReference } from '../../../src/core/image';
import { resources } from '../../support/workspace';
import { recordingHost } from '../../support/recordingHost';

// Forked: builds as a window of an editor does that is open already, whenever it is told to.

/** What to build, of what, and to where. */
export interface WindowOrder {
  readonly project: string;
  readonly base: string;
  readonly reference: string;
  readonly home: string;
}

const takeOver = (): Promise<boolean> => Promise.resolve(false);
let services: Services | undefined;

async function build({ project, base, reference, home }: WindowOrder): Promise<string> {
  services ??= makeServices({ home, resources, program: 'bench', kubeconfig: '', takeOver });
  const to = parseImageReference(reference);
  const request = { path: project, base, to: { kind: 'registry' as const, reference: to }, insecure: [to.registry] };
  const signal = new AbortController().signal;
  const { image } = await buildImage(services, recordingHost(), { ...request, byteCode: true, retrain: false }, signal);
  return image;
}

process.on('message', (order: WindowOrder) => {
  build(order).then(
    (image) => process.send?.({ image }),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
