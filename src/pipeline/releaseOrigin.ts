import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { readJson } from '../clients/files/contentStore';
import type { Home } from '../core/home';

/** Where the sources of a release lie on this machine. Absolute paths. */
export interface ReleaseOrigin {
  readonly version: number;
  readonly project: string;
  /** Relative to the project; null when the release came from no notebook. */
  readonly notebook: string | null;
  readonly bundle: string;
}

/** Origins of every kept release of a model, newest first; empty for a model that does not run on this machine. */
export async function releaseOrigins(home: Home, model: string): Promise<readonly ReleaseOrigin[]> {
  const folder = path.join(home.model(model), 'releases');
  const names = await readdir(folder).catch(() => []);
  const origins = await Promise.all(
    names.filter((name) => /^\d+\.json$/.test(name)).map((name) => readOrigin(path.join(folder, name))),
  );
  return origins.filter((one) => one !== undefined).sort((left, right) => right.version - left.version);
}

async function readOrigin(file: string): Promise<ReleaseOrigin | undefined> {
  const raw = await readJson(file);
  if (typeof raw !== 'object' || raw === null) return undefined;
  const { project, notebook, bundle } = raw as {
    readonly project?: unknown;
    readonly notebook?: { readonly path?: unknown } | null;
    readonly bundle?: unknown;
  };
  if (typeof project !== 'string' || typeof bundle !== 'string') return undefined;
  return {
    version: Number.parseInt(path.basename(file), 10),
    project,
    notebook: typeof notebook?.path === 'string' ? notebook.path : null,
    bundle,
  };
}
