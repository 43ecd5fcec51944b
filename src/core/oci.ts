import type { Descriptor, Platform } from './image';

/** Media types of the OCI image specification, and those of Docker that registries still hand out. */
export const mediaTypes = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  layerZstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
  layerTar: 'application/vnd.oci.image.layer.v1.tar',
  dockerIndex: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerLayerGzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
  dockerLayerTar: 'application/vnd.docker.image.rootfs.diff.tar',
} as const;

/** @see https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md */
export interface ImageManifest {
  readonly schemaVersion: 2;
  readonly mediaType: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

/** @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md */
export interface ImageIndex {
  readonly schemaVersion: 2;
  readonly mediaType: string;
  readonly manifests: readonly (Descriptor & {
    readonly platform?: { readonly os: string; readonly architecture: string; readonly variant?: string };
    readonly annotations?: Readonly<Record<string, string>>;
  })[];
}

/** @see https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md */
export interface ImageConfig {
  readonly created?: string;
  readonly architecture: string;
  readonly os: string;
  readonly variant?: string;
  readonly config?: ContainerConfig;
  readonly rootfs: { readonly type: 'layers'; readonly diff_ids: readonly string[] };
  readonly history?: readonly HistoryEntry[];
}

export interface ContainerConfig {
  readonly User?: string;
  readonly ExposedPorts?: Readonly<Record<string, object>>;
  readonly Env?: readonly string[];
  readonly Entrypoint?: readonly string[] | null;
  readonly Cmd?: readonly string[] | null;
  readonly Volumes?: Readonly<Record<string, object>>;
  readonly WorkingDir?: string;
  readonly Labels?: Readonly<Record<string, string>>;
  readonly StopSignal?: string;
}

export interface HistoryEntry {
  readonly created?: string;
  readonly created_by?: string;
  readonly comment?: string;
  readonly empty_layer?: boolean;
}

/** The images of an index. Attestations stand beside them and have a platform of their own, `unknown/unknown`. */
export function imagesIn(
  index: Pick<ImageIndex, 'manifests'>,
): readonly (Descriptor & { readonly platform: Platform })[] {
  return index.manifests.flatMap(({ annotations, platform, ...descriptor }) =>
    annotations?.['vnd.docker.reference.type'] !== undefined || platform === undefined || platform.os === 'unknown'
      ? []
      : [{ ...descriptor, platform }],
  );
}

/** Docker's layer types name the same bytes as the OCI's. */
export function ociLayerType(mediaType: string): string {
  if (mediaType === mediaTypes.dockerLayerGzip) return mediaTypes.layerGzip;
  return mediaType === mediaTypes.dockerLayerTar ? mediaTypes.layerTar : mediaType;
}
