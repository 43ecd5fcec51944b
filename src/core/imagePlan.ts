/** What an image will hold, told before it is built. Pure data: `pipeline/` computes it, the editor and the CLI show it. */
export interface ImagePlan {
  readonly name: string;
  /** `HOST/REPOSITORY`, a folder or a file; undefined when nothing is written. */
  readonly destination?: string;
  readonly base: {
    /** By digest, as it stands in the image's labels too. */
    readonly reference: string;
    readonly layers: number;
    readonly bytes: number;
    /** `Python 3.11 at /usr/bin/python3.11, glibc 2.36` */
    readonly offers: string;
  };
  readonly platform: string;
  /** Debian packages, which a Docker engine installs below everything else. */
  readonly apt?: readonly string[];
  readonly python: string;
  readonly lock: string;
  readonly layers: readonly PlannedLayer[];
  /** Why there is no byte code; undefined when there is. */
  readonly noByteCode?: string;
  readonly leftOut: readonly { readonly path: string; readonly reason: string }[];
  readonly command: readonly string[];
  readonly user: string;
  readonly port: number;
  readonly health: string;
}

export interface PlannedLayer {
  readonly kind: LayerKind;
  /** What is in it: packages with versions, files. */
  readonly holds: readonly string[];
  /** Bytes of what goes in, as far as they are known before it is made. */
  readonly bytes?: number;
}

export type LayerKind = 'environment' | 'packages' | 'byteCode' | 'support' | 'server' | 'data' | 'code';

/** What a Docker engine is given to build a Dockerfile that the user wrote: only the engine knows what comes of it. */
export interface DockerfilePlan {
  readonly name: string;
  readonly destination?: string;
  /** Relative to the project. */
  readonly dockerfile: string;
  readonly bases: readonly string[];
  readonly platform: string;
  readonly files: { readonly count: number; readonly bytes: number };
  readonly leftOut: ImagePlan['leftOut'];
  readonly port: number;
  readonly health: string;
}
