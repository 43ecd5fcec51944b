import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import type { Finding, Requirement } from '../../core/project';
import condaNames from '../data/condaNames.json';
import { isRecord } from '../readNotebook';
import { normalName, printable, requirementName, type Declared } from './requirement';
import { invalid } from './tomlFiles';

const pypiNames: ReadonlyMap<string, string> = new Map(Object.entries(condaNames.map));
const systemNames: ReadonlySet<string> = new Set(condaNames.system);
const condaOnly: ReadonlySet<string> = new Set(condaNames.condaOnly);

/** Reads a conda environment file: its pip part, and conda names as PyPI names. @throws UserError DependencyFileInvalid */
export async function readEnvironmentYml(root: string, file: string, signal: AbortSignal): Promise<Declared> {
  const full = path.join(root, file);
  const lines = new LineCounter();
  const document = parseDocument(await readFile(full, { encoding: 'utf8', signal }), {
    lineCounter: lines,
    prettyErrors: false,
  });
  const broken = document.errors[0];
  if (broken !== undefined) throw invalid(full, lines.linePos(broken.pos[0]).line, broken.message);
  const data: unknown = document.toJS({ maxAliasCount: 50 });
  const entries = isRecord(data) && Array.isArray(data['dependencies']) ? (data['dependencies'] as unknown[]) : [];
  const conda = entries.filter((entry) => typeof entry === 'string').map((entry) => condaRequirement(entry, file));
  const pip = entries.flatMap((entry) =>
    isRecord(entry) && Array.isArray(entry['pip']) ? (entry['pip'] as unknown[]) : [],
  );
  const python = conda.find((one) => one.python !== undefined)?.python;
  return {
    requirements: [
      ...conda.flatMap((one) => one.requirement ?? []),
      ...pip.flatMap((spec) => pipRequirement(spec, file)),
    ],
    findings: conda.flatMap((one) => one.finding ?? []),
    ...(python === undefined ? {} : { python }),
  };
}

interface CondaEntry {
  readonly requirement?: Requirement;
  readonly finding?: Finding;
  readonly python?: { readonly version?: string; readonly specifier?: string };
}

/** One conda match specification: `channel::name=1.2=build`, `name>=1.2`, `name 1.2.*`. */
export function condaRequirement(entry: string, origin: string): CondaEntry {
  const [, written = '', constraint = ''] = /^(?:.*::)?([\w.-]+)(?:\[[^\]]*\])?\s*(.*)$/.exec(entry.trim()) ?? [];
  const name = written.toLowerCase();
  const version = condaVersion(constraint);
  if (name === 'python') return version === '' ? {} : { python: pythonOf(version) };
  const mapped = pypiNames.get(name);
  if (mapped === '' || isSystemLibrary(name)) return {};
  if (isCondaOnly(name)) return { finding: condaOnlyFinding(name, origin) };
  return { requirement: { spec: `${mapped ?? normalName(name)}${version}`, origin } };
}

/** Libraries that wheels from PyPI bring along. */
function isSystemLibrary(name: string): boolean {
  if (systemNames.has(name)) return true;
  return (
    /^(_|lib(?!rosa|cst|pysal|sass|tmux)|cuda-|cudnn|xorg-|msys2-|m2w64-|vs20|vc1|gcc_|gxx_|binutils|sysroot)/.test(
      name,
    ) || /(-cpp|_linux-64|_win-64|_osx-64)$/.test(name)
  );
}

function isCondaOnly(name: string): boolean {
  return condaOnly.has(name) || /^(r-|bioconductor-)/.test(name);
}

function condaOnlyFinding(name: string, origin: string): Finding {
  return {
    code: 'CondaOnlyPackage',
    severity: 'error',
    message: `${origin} asks for ${printable(name)}, which only conda has. Remove it, or add the Debian package under apt in slipway.yaml and deploy to a container.`,
  };
}

/** PEP 440 form. One `=` of conda means "this version and its patch releases"; with a build it is exact. */
function condaVersion(text: string): string {
  const trimmed = text.trim();
  const exact = /^=?([\w.!+]+)=[\w.*]+$/.exec(trimmed)?.[1];
  if (exact !== undefined && !trimmed.startsWith('==')) return `==${exact}`;
  const fuzzy = /^=?\s*(\d[\w.!+]*)(\.?\*)?$/.exec(trimmed)?.[1];
  if (fuzzy !== undefined) return `==${fuzzy.replace(/\.$/, '')}.*`;
  return trimmed.includes('|') ? '' : trimmed.replaceAll(/\s+/g, '').replaceAll(/(^|,)=(?=\d)/g, '$1==');
}

function pythonOf(version: string): { readonly version?: string; readonly specifier?: string } {
  const exact = /^==(\d+\.\d+)/.exec(version)?.[1];
  return exact === undefined ? { specifier: version } : { version: exact };
}

function pipRequirement(spec: unknown, origin: string): readonly Requirement[] {
  return typeof spec === 'string' && requirementName(spec) !== undefined ? [{ spec, origin: `${origin} (pip)` }] : [];
}
