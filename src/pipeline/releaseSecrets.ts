import path from 'node:path';
import { readJson } from '../clients/files/contentStore';
import type { BundleManifest } from '../core/bundle';
import type { Home } from '../core/home';
import { releaseOrigins } from './releaseOrigin';

export interface ReleaseSecrets {
  /** Absolute path of the project that the release came from; empty when that is not known. */
  readonly project: string;
  readonly names: readonly string[];
}

/** Names of the secrets that a release needs when it is started again; `version` is by default the newest. */
export async function releaseSecrets(home: Home, model: string, version: number | undefined): Promise<ReleaseSecrets> {
  const origins = await releaseOrigins(home, model);
  const origin = origins.find((one) => version === undefined || one.version === version);
  if (origin === undefined) return { project: '', names: [] };
  const manifest = (await readJson(path.join(origin.bundle, 'bundle.json'))) as Partial<BundleManifest> | undefined;
  return { project: origin.project, names: manifest?.secrets ?? [] };
}
