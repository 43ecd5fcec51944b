import path from 'node:path';
import type { ImageOutput } from '../build/image/writeArchive';
import { UserError } from '../core/errors';
import { parseImageReference, type ImageReference } from '../core/image';

/** Where an image goes. */
export type ShippedTarget = { readonly kind: 'registry'; readonly reference: ImageReference } | ImageOutput;

/** Where the result of a build goes: an image, or a folder with a Dockerfile and what it copies. */
export type ImageTarget = ShippedTarget | { readonly kind: 'dockerfile'; readonly path: string };

/** `HOST/REPOSITORY`, `oci:DIR` or `docker:FILE`. @throws UserError ImageReferenceInvalid, OutputInvalid */
export function parseImageTarget(registry: string | undefined, output: string | undefined): ShippedTarget | undefined {
  if (registry !== undefined) return { kind: 'registry', reference: parseImageReference(registry) };
  if (output === undefined) return undefined;
  const [, kind, file = ''] = /^(oci|docker):(.+)$/.exec(output) ?? [];
  if (kind === 'oci' || kind === 'docker') return { kind, path: path.resolve(file) };
  throw new UserError('OutputInvalid', `${JSON.stringify(output)} does not say how an image is written.`, {
    remedy: { kind: 'hint', label: 'Use oci:DIR for an OCI layout, or docker:FILE for docker load.' },
  });
}

/** Whether an image for several platforms can be made and go there. @throws UserError PlatformsUnsupported */
export function checkSeveral(isDaemonless: boolean, to: ImageTarget | undefined): void {
  const isArchive = to?.kind === 'docker';
  if (isDaemonless && to?.kind !== 'dockerfile' && !isArchive) return;
  const what = isArchive ? 'docker load takes an image' : 'A Docker engine builds an image';
  throw new UserError('PlatformsUnsupported', `${what} for one platform, and several were named.`, {
    remedy: {
      kind: 'hint',
      label: isArchive ? 'Name one platform, or write an OCI layout.' : 'Name one platform, and build once for each.',
    },
  });
}

export function describeTarget(to: ImageTarget): string {
  return to.kind === 'registry' ? `${to.reference.registry}/${to.reference.repository}` : `${to.kind}:${to.path}`;
}
