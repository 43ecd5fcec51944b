import { baseReference, type Base } from '../build/image/openBase';
import { healthPath, imageUser, serveCommand, serverPort } from '../build/image/imageConfig';
import { describeRecipe, type LayerRecipe } from '../build/image/planLayers';
import { formatPlatform, type Platform } from '../core/image';
import type { ImagePlan } from '../core/imagePlan';
import type { FilePlan } from '../project/planFiles';
import { describeBase } from './imageBase';

/** What an image plan is told from. */
export interface ImageBlueprint {
  readonly name: string;
  readonly destination: string | undefined;
  readonly base: Base;
  readonly platform: Platform;
  /** Digest of the lock. */
  readonly lock: string;
  readonly recipes: readonly LayerRecipe[];
  readonly byteCode: boolean;
  /** Debian packages; undefined where no engine builds. */
  readonly apt?: readonly string[];
  readonly leftOut: FilePlan['leftOut'];
}

/** An image in words, before any of it is made. */
export function planImage(blueprint: ImageBlueprint): ImagePlan {
  const { name, destination, base, recipes } = blueprint;
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
    lock: blueprint.lock,
    layers: recipes.map(describeRecipe),
    ...(blueprint.byteCode ? {} : { noByteCode: 'it was not asked for; the container starts more slowly' }),
    leftOut: blueprint.leftOut,
    command: serveCommand(name),
    user: imageUser,
    port: serverPort,
    health: healthPath,
  };
}
