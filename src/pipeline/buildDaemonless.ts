import { planLayers, type LayerRecipe } from '../build/image/planLayers';
import type { DeployHost } from '../core/deploy';
import { planFiles } from '../project/planFiles';
import type { Registries } from './imageBase';
import { filesBelow, selectPackages, serverFiles } from './imageParts';
import type { ShippedTarget } from './imageTarget';
import { planImage } from './planImage';
import { prepareImage, type ImageOrder, type MadeImage, type PreparedImage } from './prepareImage';
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
  const { name, platform, byteCode, destination } = order;
  const prepared = await prepareImage(services, host, registries, order, signal);
  const { base, project, made, server, bundle } = prepared;
  const recipes = await step(host, 'packages', 'Choosing the packages for the image', async () => {
    const result = await planRecipes(services, prepared, order, signal);
    return { result, message: `${result.length} layers for ${platform.os}/${platform.architecture}` };
  });
  const { leftOut } = await planFiles(project, signal);
  const lock = made.solved.lock.digest;
  host.report({
    event: 'imagePlan',
    plan: planImage({ name, destination, base, platform, lock, recipes, byteCode, leftOut }),
  });
  const job = { name, project: project.root, base, recipes, made, server, bundle, registries };
  const image =
    to.kind === 'registry'
      ? await pushImage(services, host, job, to.reference, signal)
      : await saveImage(services, host, job, to, signal);
  return { image, prepared };
}

async function planRecipes(
  services: Services,
  { made, server, bundle, base }: PreparedImage,
  { platform, byteCode }: LayersOrder,
  signal: AbortSignal,
): Promise<readonly LayerRecipe[]> {
  const wheels = await selectPackages(services, made.solved, base.facts, platform, made.runtime?.support, signal);
  const [own, files] = [await serverFiles(server), await filesBelow(bundle.folder)];
  return planLayers({ base: base.facts, ...wheels, server: own, bundle: files, byteCode });
}
