import type { FolderEntry, ModelFormat, ProjectConfig } from './project';
import type { ResourceNeed } from './resources';

/** `bundle.json`: how the server starts what the folder beside it holds. Paths are relative to the bundle. */
export interface BundleManifest {
  readonly schema: 1;
  readonly name: string;
  readonly entry: BundleEntry;
  /** Python minor version, `3.11`. */
  readonly python: string;
  /** Content hash of the server that the release was verified with. */
  readonly runtime: string;
  readonly workdir: string;
  readonly sysPath: readonly string[];
  readonly artifact: string | null;
  readonly env: Readonly<Record<string, string>>;
  readonly secrets: readonly string[];
  readonly limits?: NonNullable<ProjectConfig['limits']>;
  /** What the project asks for. What was measured differs from run to run, so it belongs to a release. */
  readonly resources?: ResourceNeed;
}

export type BundleEntry =
  | { readonly kind: 'snapshot' }
  | { readonly kind: 'modelFile'; readonly path: string; readonly format: ModelFormat }
  | FolderEntry
  | { readonly kind: 'asgi' | 'wsgi'; readonly app: string };

/** A bundle on this machine. */
export interface Bundle {
  readonly folder: string;
  /** `sha256:…` over the names and contents of its files. */
  readonly digest: string;
  readonly manifest: BundleManifest;
}

/** The interpreter and folders that run a bundle on this machine. Absolute paths. */
export interface BundleRuntime {
  readonly python: string;
  readonly support: string;
  readonly runtime: string;
}
