import type { Finding, Requirement } from '../../core/project';

/** What a dependency file gave. */
export interface Declared {
  readonly requirements: readonly Requirement[];
  readonly findings: readonly Finding[];
  /** Version or specifier of Python that the file names. */
  readonly python?: { readonly version?: string; readonly specifier?: string };
  /** Files that it includes, relative to the project, so that they count as used. */
  readonly includes?: readonly string[];
}

/** Name of a PEP 508 requirement in normal form (PEP 503); undefined for something else. */
export function requirementName(spec: string): string | undefined {
  const name = /^\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[|\(|[<>=!~@;\s]|$)/.exec(spec)?.[1];
  return name === undefined ? undefined : normalName(name);
}

export function normalName(name: string): string {
  return name.replaceAll(/[-_.]+/g, '-').toLowerCase();
}

/** Whether a requirement admits one version only, or is a file or repository of its own. */
export function isPinned(spec: string): boolean {
  return /===?\s*[^,*\s;]+\s*(;|$)/.test(spec) || /^[^;]*\s@\s/.test(spec);
}

/** Without the local part (`2.1.0+cu121`), which the package index does not have. */
export function publicVersion(version: string): string {
  return version.split('+')[0] ?? version;
}

/** Texts from files may hold control characters; findings and origins are shown in terminals. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\uFFFD');
}
