import { baseReference, librarySource, type Base } from '../build/image/openBase';
import { healthPath, imageUser, serveCommand, serverPort } from '../build/image/imageConfig';
import { describeRecipe, planLayers, type LayerRecipe, type SourceFile } from '../build/image/planLayers';
import type { Wheel } from '../clients/python/selectWheels';
import { isUserError } from '../core/errors';
import { formatPlatform, type Platform } from '../core/image';
import type { ImagePlan } from '../core/imagePlan';
import type { FilePlan } from '../project/planFiles';
import { describeBase } from './imageBase';
import { selectPackages, selectSupport, serverFiles } from './imageParts';
import type { Solved } from './prepareEnvironment';
import type { Services } from './services';

/** What an image is planned from. */
export interface ImageBlueprint {
  readonly name: string;
  readonly destination: string | undefined;
  readonly base: Base;
  readonly platform: Platform;
  readonly solved: Solved;
  /** Folder with the server's packages on this machine, where there is one. */
  readonly support: string | undefined;
  /** Folder of the server's files. */
  readonly server: string;
  readonly bundle: readonly SourceFile[];
  readonly byteCode: boolean;
  /** `cpu`, `cu126`; undefined where the project does not say. */
  readonly accelerator: string | undefined;
  /** Debian packages; undefined where no engine builds. */
  readonly apt?: readonly string[];
  readonly leftOut: FilePlan['leftOut'];
}

export interface PlannedImage {
  readonly recipes: readonly LayerRecipe[];
  readonly plan: ImagePlan;
}

/**
 * Lays an image out before any of it is made, and says so in words.
 * @throws UserError those of {@link selectPackages}
 */
export async function planImage(
  services: Services,
  blueprint: ImageBlueprint,
  signal: AbortSignal,
): Promise<PlannedImage> {
  const { base, platform, solved, support, bundle, byteCode, accelerator } = blueprint;
  const builds = blueprint.apt === undefined;
  const order = { solved, base: base.facts, platform, support, accelerator, builds };
  const wheels = await selectPackages(services, order, signal).catch(async (error: unknown) => {
    // An engine builds what has no wheels.
    if (builds || !isUserError(error) || error.code !== 'WheelMissing') throw error;
    return { packages: pinnedIn(solved.lock.text), support: await selectSupport(services, order, signal) };
  });
  const server = await serverFiles(blueprint.server);
  const library = librarySource(base);
  const recipes = planLayers({ base: base.facts, ...wheels, server, bundle, byteCode, library });
  return { recipes, plan: describeImage(blueprint, recipes) };
}

/** The packages of a lock by name and version only. */
function pinnedIn(lock: string): readonly Wheel[] {
  const pins = lock.matchAll(/^(?<name>[\w.-]+)(?:\[[^\]]*\])?==(?<version>[^\s;]+)/gm);
  return [...pins].map(({ groups }) => ({
    distribution: groups?.['name'] ?? '',
    version: groups?.['version'] ?? '',
    ...{ name: '', url: '', sha256: '', size: undefined },
  }));
}

function describeImage(blueprint: ImageBlueprint, recipes: readonly LayerRecipe[]): ImagePlan {
  const { name, destination, base } = blueprint;
  const { layers } = base.image.manifest;
  return {
    name,
    ...(destination === undefined ? {} : { destination }),
    base: {
      reference: baseReference(base),
      layers: layers.length,
      bytes: layers.reduce((sum, layer) => sum + layer.size, 0),
      offers: describeBase(base),
    },
    platform: formatPlatform(blueprint.platform),
    ...(blueprint.apt === undefined ? {} : { apt: blueprint.apt }),
    python: base.facts.minor,
    lock: blueprint.solved.lock.digest,
    layers: recipes.map(describeRecipe),
    ...(blueprint.byteCode ? {} : { noByteCode: 'it was not asked for; the container starts more slowly' }),
    leftOut: blueprint.leftOut,
    command: serveCommand(name),
    user: imageUser,
    port: serverPort,
    health: healthPath,
  };
}
