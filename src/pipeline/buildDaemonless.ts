import type { DeployHost } from '../core/deploy';
import { formatPlatform } from '../core/image';
import type { Registries } from './imageBase';
import { filesBelow } from './imageParts';
import type { ShippedTarget } from './imageTarget';
import { planImage } from './planImage';
import { prepareImage, whileEnding, type ImageOrder, type MadeImage, type PreparedImage } from './prepareImage';
import { pushImage, saveImage } from './shipImage';
import type { Services } from './services';
import { step } from './step';

export interface LayersOrder extends ImageOrder {
  readonly byteCode: boolean;
}

/** Every layer is made once and goes out as soon as it is there. */
export async function buildDaemonless(
  services: Services,
  host: DeployHost,
  registries: Registries,
  order: LayersOrder,
  to: ShippedTarget,
  signal: AbortSignal,
): Promise<MadeImage> {
  const prepared = await prepareImage(services, host, registries, order, signal);
  const image = await whileEnding(prepared.made, () =>
    ship(services, host, { registries, order, prepared, to }, signal),
  );
  return { image, prepared };
}

interface Shipment {
  readonly registries: Registries;
  readonly order: LayersOrder;
  readonly prepared: PreparedImage;
  readonly to: ShippedTarget;
}

async function ship(
  services: Services,
  host: DeployHost,
  { registries, order, prepared, to }: Shipment,
  signal: AbortSignal,
): Promise<string> {
  const { name, platform, byteCode, destination } = order;
  const { base, made, server, bundle, leftOut } = prepared;
  const { solved, runtime } = made;
  const planned = await step(host, 'packages', 'Choosing the packages for the image', async () => {
    const files = await filesBelow(bundle.folder);
    const { accelerator } = order.project.config;
    const image = { byteCode, accelerator, leftOut };
    const parts = { name, destination, base, platform, solved, support: runtime?.support, server, ...image };
    const result = await planImage(services, { ...parts, bundle: files }, signal);
    return { result, message: `${result.recipes.length} layers for ${formatPlatform(platform)}` };
  });
  host.report({ event: 'imagePlan', plan: planned.plan });
  const { root } = order.project;
  const job = { name, project: root, base, recipes: planned.recipes, made, server, bundle, registries };
  return to.kind === 'registry'
    ? pushImage(services, host, job, to.reference, signal)
    : saveImage(services, host, job, to, signal);
}
