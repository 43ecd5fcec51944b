import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import path from 'node:path';

/** The layout of the home folder, which editor windows and the command line share. */
export interface Home {
  readonly root: string;
  readonly locks: string;
  readonly environments: string;
  readonly support: string;
  readonly runtime: string;
  readonly artifacts: string;
  readonly bundles: string;
  readonly models: string;
  readonly wheels: string;
  /** Layers of images, and what was learned for them of wheels, base images and registries. */
  readonly images: string;
  /** Byte code of everything that kernels and workers import. */
  readonly bytecode: string;
  /** What V8 made of the command line's code. */
  readonly compiled: string;
  readonly tools: string;
  /** Which images were pushed from this machine, and where. */
  readonly pushed: string;
  /** Ports of this machine that lead to models, with the processes that hold them. */
  readonly forwards: string;
  /** Consent, training records and the chosen target of one project. */
  project(root: string): string;
  model(name: string): string;
}

export function homeAt(root: string): Home {
  const at = (...parts: string[]): string => path.join(root, ...parts);
  return {
    root,
    locks: at('locks'),
    environments: at('environments'),
    support: at('support'),
    runtime: at('runtime'),
    artifacts: at('artifacts'),
    bundles: at('bundles'),
    models: at('models'),
    wheels: at('cache', 'uv'),
    images: at('cache', 'images'),
    bytecode: at('cache', 'bytecode'),
    compiled: at('cache', 'compiled'),
    tools: at('tools'),
    pushed: at('pushed'),
    forwards: at('forwards'),
    project: (projectRoot) => at('projects', `${slug(path.basename(projectRoot))}-${shortHash(projectRoot)}`),
    model: (name) => at('models', name),
  };
}

/** The platform's data directory: XDG on Linux, Application Support on macOS, LocalAppData on Windows. */
export function defaultHome(
  env: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
): string {
  const chosen = env['SLIPWAY_HOME'];
  if (chosen !== undefined && chosen !== '') return path.resolve(chosen);
  if (platform === 'win32')
    return path.join(env['LOCALAPPDATA'] ?? path.join(homedir(), 'AppData', 'Local'), 'Slipway');
  if (platform === 'darwin') return path.join(homedir(), 'Library', 'Application Support', 'Slipway');
  return path.join(env['XDG_DATA_HOME'] ?? path.join(homedir(), '.local', 'share'), 'slipway');
}

/** A name of lower-case letters, digits and single hyphens, at most 40 characters, valid as a Kubernetes label too. */
export function slug(text: string): string {
  const plain = text
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return plain.slice(0, 40).replace(/-+$/, '') || 'model';
}

export function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 10);
}
