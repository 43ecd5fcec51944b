import path from 'node:path';
import type { Dependencies, Finding, ProjectConfig, Requirement } from '../../core/project';
import type { CodeFacts, InstalledPackages, InstallFact } from '../facts';
import { locate } from '../findings/locate';
import type { InspectTools } from '../tools';
import { condaRequirement, readEnvironmentYml } from './environmentYml';
import { inferRequirements } from './inferRequirements';
import { printable, requirementName, type Declared } from './requirement';
import { readRequirementsTxt } from './requirementsTxt';
import { readPipfile, readPipfileLock, readPyproject, readToml, type Table } from './tomlFiles';

type Source = Dependencies['source'];

/** The dependency file that is used, and those that are not. */
export interface ChosenSource {
  readonly source: Source;
  readonly declared: Declared;
  readonly ignored: Dependencies['ignored'];
  /** The Python that the first of the files names. */
  readonly python?: NonNullable<Declared['python']> & { readonly file: string };
}

interface Candidate {
  readonly file: string;
  readonly rank: number;
  readonly source: Source;
}

/** Picks the first dependency source that exists: locks, pyproject.toml, requirements*.txt, Pipfile, environment.yml. */
export async function chooseSource(
  root: string,
  files: readonly string[],
  folders: readonly string[],
  signal: AbortSignal,
): Promise<ChosenSource> {
  const candidates = files
    .flatMap((file) => candidate(file, folders))
    .sort((a, b) => a.rank - b.rank || (a.file < b.file ? -1 : 1));
  const ignored: { file: string; reason: string }[] = [];
  let python: ChosenSource['python'];
  for (const [index, one] of candidates.entries()) {
    const declared = await read(root, one.source, signal);
    python ??= declared?.python && { ...declared.python, file: one.file };
    if (declared === undefined || declaresNothing(one, declared)) {
      ignored.push({ file: one.file, reason: 'it declares no dependencies' });
      continue;
    }
    const losers = candidates.slice(index + 1).filter((other) => declared.includes?.includes(other.file) !== true);
    ignored.push(...losers.map((other) => ({ file: other.file, reason: `${one.file} is used` })));
    return { source: one.source, declared, ignored, ...(python && { python }) };
  }
  return {
    source: { kind: 'inferred' },
    declared: { requirements: [], findings: [] },
    ignored,
    ...(python && { python }),
  };
}

/** A pyproject.toml may hold settings of tools only. */
function declaresNothing(one: Candidate, declared: Declared): boolean {
  return one.file.endsWith('pyproject.toml') && declared.requirements.length === 0;
}

function candidate(file: string, folders: readonly string[]): readonly Candidate[] {
  const folder = path.posix.dirname(file);
  const depth = folders.indexOf(folder === '.' ? '' : folder);
  const found = depth === -1 ? undefined : classify(path.posix.basename(file));
  if (found === undefined) return [];
  const { rank, ...kind } = found;
  return [{ file, rank: rank + depth * 0.5, source: { ...kind, file } as Source }];
}

function classify(
  name: string,
): { readonly rank: number; readonly kind: 'lock' | 'declared'; readonly format: string } | undefined {
  if (name === 'uv.lock') return { rank: 0, kind: 'lock', format: 'uv.lock' };
  if (/^pylock(\.[\w-]+)?\.toml$/.test(name)) return { rank: 1, kind: 'lock', format: 'pylock.toml' };
  if (name === 'pyproject.toml') return { rank: 2, kind: 'declared', format: 'pyproject.toml' };
  if (name === 'requirements.txt') return { rank: 3, kind: 'declared', format: 'requirements.txt' };
  if (/^requirements.*\.txt$/i.test(name))
    return { rank: /dev|test|doc|lint/i.test(name) ? 4.4 : 4, kind: 'declared', format: 'requirements.txt' };
  if (name === 'Pipfile.lock') return { rank: 5, kind: 'declared', format: 'Pipfile.lock' };
  if (name === 'Pipfile') return { rank: 6, kind: 'declared', format: 'Pipfile' };
  if (/^(environment|conda|conda[-_]env)\.ya?ml$/.test(name))
    return { rank: 7, kind: 'declared', format: 'environment.yml' };
  return undefined;
}

async function read(root: string, source: Source, signal: AbortSignal): Promise<Declared | undefined> {
  if (source.kind === 'inferred') return undefined;
  switch (source.format) {
    case 'uv.lock':
    case 'pylock.toml':
      return { requirements: [], findings: [], ...lockedPython(await readToml(root, source.file, signal)) };
    case 'pyproject.toml':
      return readPyproject(root, source.file, signal);
    case 'requirements.txt':
      return readRequirementsTxt(root, source.file, signal);
    case 'Pipfile.lock':
      return readPipfileLock(root, source.file, signal);
    case 'Pipfile':
      return readPipfile(root, source.file, signal);
    case 'environment.yml':
      return readEnvironmentYml(root, source.file, signal);
  }
}

/** The Python that Save Lock solved for, else the range that the lock is for. */
function lockedPython({ tool, 'requires-python': specifier }: Table): Pick<Declared, 'python'> {
  const version = (tool as { readonly slipway?: { readonly python?: unknown } } | undefined)?.slipway?.python;
  if (typeof version === 'string') return { python: { version } };
  return typeof specifier === 'string' ? { python: { specifier } } : {};
}

export interface Gathered {
  readonly requirements: readonly Requirement[];
  readonly findings: readonly Finding[];
}

export interface GatherInput {
  readonly root: string;
  readonly chosen: ChosenSource;
  readonly code: readonly CodeFacts[];
  readonly installed: InstalledPackages | null;
  readonly python: string | undefined;
  readonly config: ProjectConfig;
}

/** All requirements: the file's, slipway.yaml's, those of install magics, then what imports add. Nothing for a lock. */
export async function gatherRequirements(
  input: GatherInput,
  tools: InspectTools,
  signal: AbortSignal,
): Promise<Gathered> {
  const { root, chosen, code, installed, python, config } = input;
  if (chosen.source.kind === 'lock') return { requirements: [], findings: chosen.declared.findings };
  const named: Requirement[] = (config.requirements ?? []).map((spec) => ({ spec, origin: 'slipway.yaml' }));
  const magic = await magicRequirements(root, code, signal);
  const requirements = withoutRepeats([...named, ...chosen.declared.requirements, ...magic.requirements]);
  const names = new Set(requirements.flatMap((one) => requirementName(one.spec) ?? []));
  const inference = { root, code, installed, python, declared: names, source: chosen.source };
  const inferred = await inferRequirements(inference, tools.exists, signal);
  return {
    requirements: [...requirements, ...inferred.requirements],
    findings: [...chosen.declared.findings, ...magic.findings, ...inferred.findings],
  };
}

/** What `%pip`, `!pip` and `%conda` lines install, with the files that they name. */
async function magicRequirements(root: string, code: readonly CodeFacts[], signal: AbortSignal): Promise<Gathered> {
  const requirements: Requirement[] = [];
  const findings: Finding[] = [];
  for (const facts of code) {
    for (const install of facts.installs) {
      const origin =
        install.cell === null
          ? `pip in ${printable(facts.path)}:${install.line}`
          : `%${install.tool} in cell ${install.cell}`;
      const location = locate(root, facts.path, install);
      requirements.push(...installed(install, origin));
      for (const file of install.files) {
        const included = await readRequirementsTxt(root, path.posix.join(path.posix.dirname(facts.path), file), signal);
        requirements.push(...included.requirements);
        findings.push(...included.findings);
      }
      for (const other of [...install.other, ...install.editable]) {
        findings.push({
          code: 'PipMagicUnreadable',
          severity: 'warning',
          message: `${printable(other)} is installed by a cell and is not a package of the index. Add it under requirements in slipway.yaml if the model needs it.`,
          location,
        });
      }
      const what = install.requirements.map(printable).join(', ');
      if (what !== '')
        findings.push({
          code: 'PipMagic',
          severity: 'info',
          message: `The cell installs ${what}: taken as requirements, the line itself is not run.`,
          location,
        });
    }
  }
  return { requirements, findings };
}

function installed(install: InstallFact, origin: string): readonly Requirement[] {
  if (install.tool === 'pip')
    return install.requirements
      .filter((spec) => !/^(pip|setuptools|wheel)\b/.test(spec))
      .map((spec) => ({ spec, origin }));
  return install.requirements.flatMap((spec) => condaRequirement(spec, origin).requirement ?? []);
}

/** A bare name (`pip install pandas`) adds nothing to a requirement that is there already. */
function withoutRepeats(requirements: readonly Requirement[]): readonly Requirement[] {
  const seen = new Set<string>();
  return requirements.filter((one) => {
    const name = requirementName(one.spec);
    const bare = name !== undefined && /^[\w.-]+$/.test(one.spec.trim());
    const repeated = name !== undefined && (seen.has(`${name} ${one.spec}`) || (bare && seen.has(name)));
    if (name !== undefined) {
      seen.add(name);
      seen.add(`${name} ${one.spec}`);
    }
    return !repeated;
  });
}
