import { choosePython, type PythonChoice } from '../build/choosePython';
import { makeEnvironment, makeSupport } from '../clients/python/environments';
import { resolveLock, type Lock, type LockRequest } from '../clients/python/lock';
import { copyRuntime } from '../clients/python/runtimeFiles';
import type { BundleRuntime } from '../core/bundle';
import type { DeployHost } from '../core/deploy';
import type { Project } from '../core/project';
import path from 'node:path';
import { readProjectState, updateProjectState } from './projectState';
import type { Services } from './services';
import { step } from './step';

/** A solved project: its interpreter and the versions of all its packages. Nothing is installed yet. */
export interface Solved {
  readonly python: PythonChoice;
  readonly lock: Lock;
  /** The date as of which unpinned packages were solved. */
  readonly asOf: string | undefined;
}

/** @throws UserError PythonNotFound, PackageUnknown, DependenciesUnsolvable, IndexUnreachable */
export async function solve(
  services: Services,
  host: DeployHost,
  project: Project,
  added: readonly string[],
  signal: AbortSignal,
): Promise<Solved> {
  return step(host, 'lock', 'Solving the versions of all packages', async (progress) => {
    const uv = await services.uv(signal);
    const python = choosePython(project.python, uv.interpreters);
    if (python.finding !== undefined) host.report({ event: 'finding', finding: python.finding });
    const asOf = await stableDate(services, project, python);
    const lock = await resolveLock(
      uv,
      services.home.locks,
      lockRequest(project, python, added, asOf),
      progress,
      signal,
    );
    const count = lock.text.split('\n').filter((line) => /^[A-Za-z0-9]/.test(line)).length;
    return {
      result: { python, lock, asOf },
      message: `${String(count)} packages for Python ${python.interpreter.minor}`,
    };
  });
}

/** Installs what was solved and what runs it. */
export async function install(
  services: Services,
  host: DeployHost,
  solved: Solved,
  signal: AbortSignal,
): Promise<BundleRuntime> {
  return step(host, 'environment', 'Installing the packages', async (progress) => {
    const uv = await services.uv(signal);
    const { interpreter } = solved.python;
    const runtime = await copyRuntime(services.home, services.context.resources);
    const environment = await makeEnvironment(uv, services.home, solved.lock, interpreter, progress, signal);
    const support = await makeSupport(uv, services.home, solved.lock, environment, interpreter, progress, signal);
    return { result: { python: environment.python, support, runtime }, message: environment.folder };
  });
}

/**
 * Editing a cell makes the notebook's last change newer, which must not upgrade its packages: the earliest date that was
 * seen stays until the requirements, the Python or the date in slipway.yaml change.
 */
async function stableDate(services: Services, project: Project, python: PythonChoice): Promise<string | undefined> {
  const { asOf, requirements } = project.dependencies;
  if (asOf === undefined) return undefined;
  const identity = JSON.stringify([
    python.interpreter.minor,
    requirements.map((one) => one.spec),
    asOf.source === 'slipway.yaml' ? asOf.date : '',
  ]);
  const { solved } = await readProjectState(services.home, project.root);
  if (solved?.requirements === identity && solved.asOf <= asOf.date) return solved.asOf;
  await updateProjectState(services.home, project.root, { solved: { requirements: identity, asOf: asOf.date } });
  return asOf.date;
}

function lockRequest(
  project: Project,
  python: PythonChoice,
  added: readonly string[],
  asOf: string | undefined,
): LockRequest {
  const { source, requirements } = project.dependencies;
  const common = { subject: project.name, added, python: python.interpreter.minor, folder: project.root };
  if (source.kind === 'lock') {
    const file = path.join(project.root, source.file);
    return {
      ...common,
      source:
        source.format === 'uv.lock' ? { kind: 'uv.lock', folder: path.dirname(file) } : { kind: 'pylock.toml', file },
    };
  }
  return {
    ...common,
    source: {
      kind: 'requirements',
      lines: requirements.map((one) => one.spec),
      ...(asOf === undefined ? {} : { asOf }),
    },
  };
}
