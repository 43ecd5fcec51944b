import { choosePython, type PythonChoice } from '../build/choosePython';
import { makeEnvironment, makeSupport } from '../clients/python/environments';
import type { Lock } from '../clients/python/lock';
import type { BundleRuntime } from '../core/bundle';
import type { DeployHost } from '../core/deploy';
import type { Project } from '../core/project';
import type { Services } from './services';
import { solveVersions } from './solveVersions';
import { step } from './step';

/** A solved project: its interpreter and the versions of all its packages. Nothing is installed yet. */
export interface Solved {
  readonly python: PythonChoice;
  readonly lock: Lock;
  /** The date as of which unpinned packages were solved. */
  readonly asOf: string | undefined;
  /** Why the date is not that of the notebook's last change, where it is another. */
  readonly moved?: string;
  /** Name of the environment whose versions these are. */
  readonly environment?: string;
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
    const python = choosePython(project.python, uv.interpreters, project.dependencies.asOf?.date);
    if (python.finding !== undefined) host.report({ event: 'finding', finding: python.finding });
    const found = await solveVersions(services, { project, python, added }, progress, signal);
    if (found.finding !== undefined) host.report({ event: 'finding', finding: found.finding });
    const { lock, asOf, moved, environment } = found;
    const count = lock.text.split('\n').filter((line) => /^[A-Za-z0-9]/.test(line)).length;
    return {
      result: { python, lock, asOf, ...(moved && { moved }), ...(environment && { environment }) },
      message: `${String(count)} packages for Python ${python.interpreter.minor}${environment === undefined ? '' : `, versions of ${environment}`}`,
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
    const runtime = await services.runtime(signal);
    const environment = await makeEnvironment(uv, services.home, solved.lock, interpreter, progress, signal);
    const support = await makeSupport(uv, services.home, solved.lock, environment, interpreter, progress, signal);
    return { result: { python: environment.python, support, runtime }, message: environment.folder };
  });
}
