import { platformOf, type Base } from '../build/image/openBase';
import type { LayerRecipe, SourceFile } from '../build/image/planLayers';
import type { DeployHost } from '../core/deploy';
import { formatPlatform } from '../core/image';
import type { Registries } from './imageBase';
import { filesBelow } from './imageParts';
import type { ShippedTarget } from './imageTarget';
import { planImage } from './planImage';
import { prepareImage, whileEnding, type ImageOrder, type MadeImage, type PreparedImage } from './prepareImage';
import { pushImage, saveImage, type ImageVariant } from './shipImage';
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
  const { name, project } = order;
  const { base, further, made, server, bundle, begun } = prepared;
  const files = await filesBelow(bundle.folder);
  const variants: ImageVariant[] = [];
  for (const one of [base, ...further])
    variants.push({
      base: one,
      recipes: await choosePackages(services, host, { order, prepared }, one, files, signal),
    });
  const job = { name, project: project.root, variants, made, server, bundle, registries, begun };
  return to.kind === 'registry'
    ? pushImage(services, host, job, to.reference, signal)
    : saveImage(services, host, job, to, signal);
}

/** The layers for one platform, and the plan for whoever listens. */
async function choosePackages(
  services: Services,
  host: DeployHost,
  { order, prepared }: Pick<Shipment, 'order' | 'prepared'>,
  base: Base,
  bundle: readonly SourceFile[],
  signal: AbortSignal,
): Promise<readonly LayerRecipe[]> {
  const { name, byteCode, destination } = order;
  const { made, server, leftOut } = prepared;
  const planned = await step(host, 'packages', 'Choosing the packages for the image', async () => {
    const { accelerator } = order.project.config;
    const platform = platformOf(base);
    const image = { byteCode, accelerator, leftOut, bundle };
    const parts = { name, destination, base, platform, solved: made.solved, support: made.runtime?.support, server };
    const result = await planImage(services, { ...parts, ...image }, signal);
    return { result, message: `${result.recipes.length} layers for ${formatPlatform(platform)}` };
  });
  host.report({ event: 'imagePlan', plan: planned.plan });
  return planned.recipes;
}
