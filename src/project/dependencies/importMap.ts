import importNames from '../data/importNames.json';
import stdlib from '../data/stdlib.json';
import type { InstalledPackages } from '../facts';
import { normalName } from './requirement';

const table: ReadonlyMap<string, string | readonly string[] | null> = new Map(Object.entries(importNames));
const stdlibModules: ReadonlySet<string> = new Set(stdlib.modules);
const added: ReadonlyMap<string, string> = new Map(Object.entries(stdlib.added));
const removed: ReadonlyMap<string, { readonly since: string; readonly replacement?: string }> = new Map(
  Object.entries(stdlib.removed),
);
const backports: ReadonlyMap<string, string> = new Map(Object.entries(stdlib.backports));
const python2: ReadonlyMap<string, string> = new Map(Object.entries(stdlib.python2));

/** Namespaces that many distributions share: their first part alone names none of them. */
const namespaces: ReadonlySet<string> = new Set([
  'google',
  'azure',
  'zope',
  'ruamel',
  'snowflake',
  'databricks',
  'pyannote',
  'backports',
  'opentelemetry',
  'airflow',
  'sphinxcontrib',
  'jaraco',
  'nvidia',
  'mlagents',
]);

/** Modules that the notebook's own runtime provides (Colab, Kaggle, Databricks) and no index has. */
const hosted: ReadonlyMap<string, string> = new Map([
  ['google.colab', 'Google Colab'],
  ['kaggle_secrets', 'Kaggle'],
  ['kaggle_datasets', 'Kaggle'],
  ['dbutils', 'Databricks'],
]);

export type Provider =
  | { readonly kind: 'stdlib' }
  | { readonly kind: 'removed'; readonly since: string; readonly replacement?: string }
  | { readonly kind: 'python2'; readonly now: string }
  | { readonly kind: 'hosted'; readonly service: string }
  /** `alternatives` provide the same module; the first is taken where none of them is declared. */
  | {
      readonly kind: 'distribution';
      readonly name: string;
      readonly version?: string;
      /** Where it came from, when that was no index. */
      readonly url?: string;
      readonly alternatives: readonly string[];
    }
  /** Nothing tells; `guess` is the module's own name where it could be a distribution's. */
  | { readonly kind: 'unknown'; readonly guess?: string };

/** Which distribution an import belongs to: the project's own packages first, then the table. `python` is the minor version. */
export function providerOf(module: string, python: string | undefined, installed: InstalledPackages | null): Provider {
  const top = module.split('.')[0] ?? module;
  const service = hosted.get(top) ?? hosted.get(module.split('.').slice(0, 2).join('.'));
  if (service !== undefined) return { kind: 'hosted', service };
  if (stdlibModules.has(top)) return standard(top, python);
  const provider = installed === null ? undefined : installedProvider(module, installed);
  if (provider !== undefined) return provider;
  const now = python2.get(top);
  if (now !== undefined) return { kind: 'python2', now };
  return fromTable(module, top);
}

function installedProvider(module: string, { imports, urls }: InstalledPackages): Provider | undefined {
  const found = imports[module] ?? [];
  const [first] = found;
  if (first === undefined) return undefined;
  const url = urls[normalName(first.name)];
  const alternatives = found.map((one) => normalName(one.name));
  return { kind: 'distribution', ...first, ...(url === undefined ? {} : { url }), alternatives };
}

function standard(top: string, python: string | undefined): Provider {
  const gone = removed.get(top);
  if (gone !== undefined && (python === undefined || !isBefore(python, gone.since)))
    return { kind: 'removed', ...gone };
  const since = added.get(top);
  const backport = backports.get(top);
  if (since !== undefined && python !== undefined && isBefore(python, since)) {
    return backport === undefined
      ? { kind: 'unknown' }
      : { kind: 'distribution', name: backport, alternatives: [backport] };
  }
  return { kind: 'stdlib' };
}

function fromTable(module: string, top: string): Provider {
  for (let parts = module.split('.'); parts.length > 0; parts = parts.slice(0, -1)) {
    const entry = table.get(parts.join('.'));
    if (entry === null) return { kind: 'unknown' };
    if (entry !== undefined) {
      const names = typeof entry === 'string' ? [entry] : entry;
      return { kind: 'distribution', name: names[0] ?? top, alternatives: names.map(normalName) };
    }
  }
  if (namespaces.has(top)) {
    const guess = module.split('.').slice(0, 3).join('-').replaceAll('_', '-');
    return module === top ? { kind: 'unknown' } : { kind: 'unknown', guess };
  }
  return /^[A-Za-z][A-Za-z0-9_]+$/.test(top) ? { kind: 'unknown', guess: normalName(top) } : { kind: 'unknown' };
}

function isBefore(left: string, right: string): boolean {
  const [a = 0, b = 0] = left.split('.').map(Number);
  const [c = 0, d = 0] = right.split('.').map(Number);
  return a !== c ? a < c : b < d;
}
