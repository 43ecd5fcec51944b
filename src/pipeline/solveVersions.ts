import path from 'node:path';
import type { PythonChoice } from '../build/choosePython';
import { solvingDates } from '../build/solvingDates';
import { resolveLock, type Lock, type LockRequest } from '../clients/python/lock';
import { isUserError, type UserError } from '../core/errors';
import type { Finding, Project } from '../core/project';
import { readProjectState, updateProjectState, type ProjectState } from './projectState';
import type { Services } from './services';

export interface Solving {
  readonly project: Project;
  readonly python: PythonChoice;
  readonly added: readonly string[];
}

export interface SolvedByDate {
  readonly lock: Lock;
  readonly asOf: string | undefined;
  /** Name of the environment whose versions these are; then no date counts. */
  readonly environment?: string;
  /** Why the date is another than that of the notebook's last change. */
  readonly moved?: string;
  readonly finding?: Finding;
}

type Solve = (source: Partial<RequirementsSource>) => Promise<Lock>;
type RequirementsSource = Extract<LockRequest['source'], { kind: 'requirements' }>;

/**
 * Solves with the versions of the environment that the project runs in on this machine. Where there is none, or its versions
 * do not solve, the date decides.
 */
export async function solveVersions(
  services: Services,
  solving: Solving,
  progress: (line: string) => void,
  signal: AbortSignal,
): Promise<SolvedByDate> {
  const { environment } = solving.project.dependencies;
  if (environment === undefined) return solveByDate(services, solving, progress, signal);
  const uv = await services.uv(signal);
  const request = lockRequest(solving, { wheelsOnly: true, constraints: environment.pins });
  try {
    const lock = await resolveLock(uv, services.home.locks, request, progress, signal);
    return { lock, asOf: undefined, environment: environment.name };
  } catch (error) {
    signal.throwIfAborted();
    if (!isUserError(error) || !unsolved.has(error.code)) throw error;
    const solved = await solveByDate(services, solving, progress, signal);
    return { ...solved, finding: solved.finding ?? environmentUnfit(environment.name, error) };
  }
}

/**
 * Solves as of the notebook's last change. Where its packages had no wheels for this Python on that day, the first later
 * day on which they had is taken and said; where there is none, they are built from source as of the day itself. A date
 * of slipway.yaml is taken as it is.
 */
async function solveByDate(
  services: Services,
  solving: Solving,
  progress: (line: string) => void,
  signal: AbortSignal,
): Promise<SolvedByDate> {
  const uv = await services.uv(signal);
  const solve: Solve = (source) => resolveLock(uv, services.home.locks, lockRequest(solving, source), progress, signal);
  const { asOf } = solving.project.dependencies;
  if (asOf === undefined) return { lock: await solve({}), asOf: undefined };
  const date = await stableDate(services, solving);
  if (asOf.source === 'slipway.yaml') return { lock: await solve({ asOf: date.asOf }), asOf: date.asOf };
  const found = await firstWithWheels(solve, candidates(date, solving), signal);
  if (found === undefined) return { lock: await solve({ asOf: date.asOf }), asOf: date.asOf };
  if (found.day === date.asOf) return { lock: found.lock, asOf: date.asOf };
  const day = date.asOf.slice(0, 10);
  if (date.newest === true)
    return { lock: found.lock, asOf: found.day, moved: `the notebook failed with the versions of ${day}` };
  await updateProjectState(services.home, solving.project.root, { solved: { ...date, movedTo: found.day } });
  return {
    lock: found.lock,
    asOf: found.day,
    moved: `no wheels for Python ${solving.python.interpreter.minor} on ${day}`,
    finding: movedFinding(date.asOf, found.day, solving),
  };
}

type SolvedDate = NonNullable<ProjectState['solved']>;

/** A day that was found before is the first candidate: an unchanged project asks the solver nothing. */
function candidates(date: SolvedDate, { python }: Solving): readonly string[] {
  const today = new Date().toISOString().slice(0, 10);
  const all = solvingDates(date.asOf, python.interpreter.minor, today);
  const { movedTo } = date;
  return movedTo === undefined ? all : [movedTo, ...all.filter((day) => day > movedTo)];
}

/** What the solver says when a package has no version that fits; anything else is no matter of the day. */
const unsolved: ReadonlySet<string> = new Set([
  'DependenciesUnsolvable',
  'PackageBuildFailed',
  'PackageUnknown',
  'InstallFailed',
  'RequirementInvalid',
]);

async function firstWithWheels(
  solve: Solve,
  days: readonly string[],
  signal: AbortSignal,
): Promise<{ readonly lock: Lock; readonly day: string } | undefined> {
  for (const day of days) {
    try {
      return { lock: await solve({ asOf: day, wheelsOnly: true }), day };
    } catch (error) {
      signal.throwIfAborted();
      if (!isUserError(error) || !unsolved.has(error.code)) throw error;
    }
  }
  return undefined;
}

/**
 * Editing a cell makes the notebook's last change newer, which must not upgrade its packages: the earliest date that was
 * seen stays until the requirements, the Python or the date in slipway.yaml change.
 */
async function stableDate(services: Services, { project, python }: Solving): Promise<SolvedDate> {
  const { asOf, requirements } = project.dependencies;
  const identity = JSON.stringify([
    python.interpreter.minor,
    requirements.map((one) => one.spec),
    asOf?.source === 'slipway.yaml' ? asOf.date : '',
  ]);
  const date = asOf?.date ?? '';
  const { solved } = await readProjectState(services.home, project.root);
  if (solved?.requirements === identity && solved.asOf <= date) return solved;
  const fresh = { requirements: identity, asOf: date };
  await updateProjectState(services.home, project.root, { solved: fresh });
  return fresh;
}

function movedFinding(from: string, to: string, { python }: Solving): Finding {
  return {
    code: 'SolvingDateMoved',
    severity: 'info',
    message: `The notebook was last changed on ${from.slice(0, 10)}, when its packages had no wheels for Python ${python.interpreter.minor}. They are solved as of ${to}; name another date with asOf, or another Python with python, in slipway.yaml.`,
  };
}

function environmentUnfit(name: string, cause: UserError): Finding {
  return {
    code: 'EnvironmentUnfit',
    severity: 'warning',
    message: `What is installed in ${name} and what the project asks for do not go together, so other versions are taken: ${cause.message}`,
  };
}

function lockRequest({ project, python, added }: Solving, options: Partial<RequirementsSource>): LockRequest {
  const { source, requirements } = project.dependencies;
  const { minor, path: interpreter } = python.interpreter;
  const common = { subject: project.name, added, python: minor, interpreter, folder: project.root };
  if (source.kind === 'lock') {
    const file = path.join(project.root, source.file);
    return {
      ...common,
      source:
        source.format === 'uv.lock' ? { kind: 'uv.lock', folder: path.dirname(file) } : { kind: 'pylock.toml', file },
    };
  }
  return { ...common, source: { ...options, kind: 'requirements', lines: requirements.map((one) => one.spec) } };
}
