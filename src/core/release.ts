import type { ResourceNeed } from './resources';

/** Where the sources of a release stood when it was made. */
export interface GitState {
  readonly commit: string;
  readonly branch?: string;
  readonly dirty: boolean;
}

/** What made a release: enough to find its sources again and to tell two releases apart. */
export interface Provenance {
  /** ISO 8601 in UTC. */
  readonly createdAt: string;
  /** `user@host`. */
  readonly createdBy: string;
  /** Digest of the bundle, or of the image where a target runs images, `sha256:…`. */
  readonly digest: string;
  /** Digest of the lock, `sha256:…`; empty for an image of the user's own Dockerfile, as its Python is. */
  readonly lock: string;
  readonly notebook: { readonly path: string; readonly sha256: string } | null;
  readonly git: GitState | null;
  readonly project: string;
  readonly python: string;
  /** Versions of the packages by name; absent of releases that were made before this was kept. */
  readonly packages?: Readonly<Record<string, string>>;
  readonly resources?: ResourceNeed;
}

/** One immutable version of a model on a target. */
export interface Release {
  readonly version: number;
  readonly createdAt: string;
  readonly digest: string;
  readonly status: 'active' | 'superseded' | 'failed';
  /** What a replica of it needs; absent of releases that were made before this was kept. */
  readonly resources?: ResourceNeed;
  readonly reason?: string;
}
