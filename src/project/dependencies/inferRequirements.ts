import type { Dependencies, Finding, Requirement } from '../../core/project';
import type { CodeFacts, ImportFact, InstalledPackages } from '../facts';
import { locate } from '../findings/locate';
import type { InspectTools } from '../tools';
import { appendRequirement } from './appendRequirement';
import { providerOf, type Provider } from './importMap';
import { normalName, printable, publicVersion } from './requirement';

export interface Inferred {
  readonly requirements: readonly Requirement[];
  readonly findings: readonly Finding[];
}

export interface InferenceInput {
  readonly root: string;
  readonly code: readonly CodeFacts[];
  readonly installed: InstalledPackages | null;
  /** Minor version of Python. */
  readonly python: string | undefined;
  /** Normal names that are required already. */
  readonly declared: ReadonlySet<string>;
  /** Where a file declares the dependencies, an import that it lacks is added with a finding. */
  readonly source: Dependencies['source'];
}

interface Use {
  readonly fact: ImportFact;
  readonly file: string;
}

/** Packages for the imports of the code. */
export async function inferRequirements(
  input: InferenceInput,
  exists: InspectTools['exists'],
  signal: AbortSignal,
): Promise<Inferred> {
  const parts = await Promise.all(
    [...firstUses(input.code)].map(([module, use]) => inferOne(input, module, use, exists, signal)),
  );
  const byName = new Map<string, Requirement>();
  for (const { name, requirement } of parts.flatMap((part) => part.needs)) {
    if (!byName.has(name)) byName.set(name, requirement);
  }
  const requirements = [...byName].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, one]) => one);
  return { requirements, findings: parts.flatMap((part) => part.findings) };
}

interface Part {
  readonly needs: readonly { readonly name: string; readonly requirement: Requirement }[];
  readonly findings: readonly Finding[];
}

const nothing: Part = { needs: [], findings: [] };

async function inferOne(
  input: InferenceInput,
  module: string,
  use: Use,
  exists: InspectTools['exists'],
  signal: AbortSignal,
): Promise<Part> {
  const provider = providerOf(module, input.python, input.installed);
  switch (provider.kind) {
    case 'stdlib':
      return nothing;
    case 'distribution':
      return inferDistribution(input, use, provider);
    case 'removed':
      return inferRemoved(input, use, provider);
    case 'unknown':
      return inferUnknown(input, use, provider.guess, exists, signal);
    case 'hosted':
    case 'python2':
      return { needs: [], findings: plainFinding(input, use, provider) };
  }
}

function inferDistribution(
  input: InferenceInput,
  use: Use,
  provider: Extract<Provider, { kind: 'distribution' }>,
): Part {
  if (use.fact.optional || satisfied(provider, input.declared)) return nothing;
  const { name, version, url } = provider;
  if (url?.startsWith('file:') === true) return { needs: [], findings: [fromFolder(input, use, name, url)] };
  const spec = url === undefined ? name : `${name} @ ${url}`;
  const pinned = version === undefined || url !== undefined ? spec : `${name}==${publicVersion(version)}`;
  return need(use, name, spec, [
    ...(url === undefined ? [] : [fromRepository(input, use, spec)]),
    ...(input.source.kind === 'declared' ? [notDeclared(input, use, pinned)] : []),
  ]);
}

function inferRemoved(input: InferenceInput, use: Use, provider: Extract<Provider, { kind: 'removed' }>): Part {
  const findings = [removedFinding(input, use, provider)];
  const { replacement } = provider;
  if (replacement === undefined || input.declared.has(replacement)) return { needs: [], findings };
  return need(use, replacement, replacement, findings);
}

async function inferUnknown(
  input: InferenceInput,
  use: Use,
  guess: string | undefined,
  exists: InspectTools['exists'],
  signal: AbortSignal,
): Promise<Part> {
  if (use.fact.optional || input.declared.has(guess ?? '')) return nothing;
  const answer = await ask(guess, exists, signal);
  const findings = answerFindings(input, use, guess, answer);
  if (guess === undefined || answer === 'no') return { needs: [], findings };
  return need(use, guess, guess, findings);
}

function need(use: Use, name: string, spec: string, findings: readonly Finding[]): Part {
  return { needs: [{ name: normalName(name), requirement: { spec, origin: originOf(use) } }], findings };
}

/** The modules that code imports and that are not its own files. */
export function importedModules(code: readonly CodeFacts[]): readonly string[] {
  return [...firstUses(code).keys()];
}

/** The first use of each module that is not local: a needed one before an optional one. */
function firstUses(code: readonly CodeFacts[]): ReadonlyMap<string, Use> {
  const uses = new Map<string, Use>();
  for (const { path: file, imports } of code) {
    for (const fact of imports) {
      if (fact.level > 0 || fact.files.length > 0 || fact.module === '') continue;
      for (const module of modulesOf(fact)) {
        const known = uses.get(module);
        if (known === undefined || (known.fact.optional && !fact.optional)) uses.set(module, { fact, file });
      }
    }
  }
  return uses;
}

/** Under shared namespaces the imported name is part of the module: `from google.cloud import storage`. */
function modulesOf(fact: ImportFact): readonly string[] {
  const shared = /^(google(\.cloud)?|azure(\.\w+)?|pyannote|ruamel|snowflake|databricks)$/.test(fact.module);
  return shared && fact.names.length > 0 ? fact.names.map((name) => `${fact.module}.${name}`) : [fact.module];
}

type Answer = 'yes' | 'no' | 'unasked';

async function ask(guess: string | undefined, exists: InspectTools['exists'], signal: AbortSignal): Promise<Answer> {
  if (guess === undefined) return 'no';
  if (exists === undefined) return 'unasked';
  try {
    return (await exists(guess, signal)) ? 'yes' : 'no';
  } catch {
    // Without the index inspection goes on; solving asks it again and then fails with the index's own error.
    signal.throwIfAborted();
    return 'unasked';
  }
}

function satisfied(provider: Extract<Provider, { kind: 'distribution' }>, declared: ReadonlySet<string>): boolean {
  return declared.has(normalName(provider.name)) || provider.alternatives.some((name) => declared.has(name));
}

function originOf({ fact, file }: Use): string {
  const shown = printable(file);
  if (fact.via === 'load_ext') return `%load_ext ${fact.module} in ${shown}`;
  return fact.via === 'implied' ? `needed by a call in ${shown}` : `import ${fact.module} in ${shown}`;
}

function answerFindings(
  input: InferenceInput,
  use: Use,
  guess: string | undefined,
  answer: Answer,
): readonly Finding[] {
  const location = locate(input.root, use.file, use.fact);
  const { module } = use.fact;
  if (answer === 'no') {
    const message = `Which package provides ${printable(module)}, imported in ${printable(use.file)}? No package is known for it. Add the package to requirements in slipway.yaml or to requirements.txt, or put the module into the project.`;
    return [{ code: 'ImportUnmapped', severity: 'error', message, location }];
  }
  if (answer === 'yes') return [];
  return [
    {
      code: 'ImportUnverified',
      severity: 'warning',
      message: `The package ${guess ?? ''} is assumed for import ${printable(module)}; the package index could not be asked.`,
      location,
    },
  ];
}

function removedFinding(input: InferenceInput, use: Use, provider: Extract<Provider, { kind: 'removed' }>): Finding {
  const replaced =
    provider.replacement === undefined
      ? 'Name an older Python in slipway.yaml or change the code.'
      : `${provider.replacement} is added, which still provides it.`;
  return {
    code: 'StdlibModuleRemoved',
    severity: 'warning',
    message: `Python ${provider.since} removed the module ${use.fact.module}. ${replaced}`,
    location: locate(input.root, use.file, use.fact),
  };
}

function plainFinding(input: InferenceInput, use: Use, provider: Provider): readonly Finding[] {
  if (use.fact.optional) return [];
  const location = locate(input.root, use.file, use.fact);
  const { module } = use.fact;
  if (provider.kind === 'hosted') {
    return [
      {
        code: 'HostedModule',
        severity: 'warning',
        message: `${module} exists only on ${provider.service}: the cell that uses it fails elsewhere. Guard it with try/except ImportError or remove it.`,
        location,
      },
    ];
  }
  if (provider.kind === 'python2') {
    return [
      {
        code: 'Python2Module',
        severity: 'warning',
        message: `${module} is a module of Python 2; Python 3 calls it ${provider.now}.`,
        location,
      },
    ];
  }
  return [];
}

function notDeclared(input: InferenceInput, use: Use, spec: string): Finding {
  const fix = appendRequirement(input.source, spec);
  return {
    code: 'ImportNotDeclared',
    severity: 'info',
    message: `${printable(use.file)} imports ${use.fact.module}, which the project's dependency file does not name; ${spec} is added.`,
    location: locate(input.root, use.file, use.fact),
    ...(fix && { fix }),
  };
}

function fromRepository(input: InferenceInput, use: Use, spec: string): Finding {
  return {
    code: 'RequirementFromRepository',
    severity: 'warning',
    message: `${printable(spec)}, as it is installed here, comes from a repository or URL, not from the package index.`,
    location: locate(input.root, use.file, use.fact),
  };
}

/** A package of the same name in the index would be somebody else's. */
function fromFolder(input: InferenceInput, use: Use, name: string, url: string): Finding {
  return {
    code: 'PackageFromFolder',
    severity: 'error',
    message: `${printable(use.file)} imports ${use.fact.module} of the package ${name}, which is installed from ${printable(url)}: nowhere else can it be installed. Put the module into the project, or name a package under requirements in slipway.yaml.`,
    location: locate(input.root, use.file, use.fact),
  };
}
