import path from 'node:path';
import { isUserError, type UserError } from '../core/errors';
import type { DeployHost } from '../core/deploy';
import type { Project } from '../core/project';
import { readNotebook } from '../project/readNotebook';
import type { Solved } from './prepareEnvironment';
import { readProjectState, updateProjectState, type ProjectState } from './projectState';
import type { Services } from './services';

/** A training that failed with the versions of the notebook's date, before the newest ones were tried. */
export interface FirstFailure {
  readonly error: UserError;
  readonly solved: NonNullable<ProjectState['solved']>;
}

export interface FailedTraining {
  readonly project: Project;
  readonly solved: Solved;
  readonly first: FirstFailure | undefined;
  readonly error: unknown;
}

/**
 * A cell that ran when the notebook was saved, and fails with the versions of the notebook's date, had been run with others.
 * Until a training has succeeded, the newest versions for this Python are tried once.
 * @returns the failure, to be told if the newest versions are no better
 * @throws the first failure, when there is nothing left to try
 */
export async function newestInstead(
  services: Services,
  host: DeployHost,
  { project, solved, first, error }: FailedTraining,
  signal: AbortSignal,
): Promise<FirstFailure> {
  signal.throwIfAborted();
  if (first !== undefined) {
    await updateProjectState(services.home, project.root, { solved: { ...first.solved, newest: false } });
    throw first.error;
  }
  const state = (await readProjectState(services.home, project.root)).solved;
  if (state === undefined || state.newest !== undefined || !isUserError(error)) throw error;
  if (!(await isOfVersions(project, solved, error, signal))) throw error;
  const today = new Date().toISOString().slice(0, 10);
  await updateProjectState(services.home, project.root, { solved: { ...state, movedTo: today, newest: true } });
  host.report({
    event: 'finding',
    finding: {
      code: 'NewestVersionsTried',
      severity: 'warning',
      message: `A cell that ran when the notebook was saved fails with the versions of ${(solved.asOf ?? '').slice(0, 10)} (${reason(error)}). The newest versions for Python ${solved.python.interpreter.minor} are tried once; name a date with asOf in slipway.yaml to choose.`,
      ...(error.location === undefined ? {} : { location: error.location }),
    },
  });
  return { error, solved: state };
}

/** After a training that succeeded its versions stay: what fails later is the user's edit. */
export async function keepVersions(services: Services, project: Project): Promise<void> {
  const { solved } = await readProjectState(services.home, project.root);
  if (solved === undefined || solved.newest !== undefined) return;
  await updateProjectState(services.home, project.root, { solved: { ...solved, newest: false } });
}

/** Errors that no other version of a package helps against. */
const ofCode: ReadonlySet<unknown> = new Set([
  'NameError',
  'UnboundLocalError',
  'SyntaxError',
  'IndentationError',
  'FileNotFoundError',
  'PermissionError',
  'StdinNotImplementedError',
  'KeyboardInterrupt',
  'MemoryError',
]);

async function isOfVersions(
  { dependencies, root, entry }: Project,
  solved: Solved,
  error: UserError,
  signal: AbortSignal,
): Promise<boolean> {
  if (error.code !== 'CellFailed' || ofCode.has(error.details['ename'])) return false;
  if (solved.asOf === undefined || dependencies.asOf?.source === 'slipway.yaml') return false;
  if (entry.kind !== 'notebook') return false;
  const { cells } = await readNotebook(path.join(root, entry.notebook), signal);
  return cells.find((cell) => cell.id === error.location?.cell)?.ran === true;
}

function reason({ details, message }: UserError): string {
  const { ename, evalue } = details;
  return typeof ename === 'string' && typeof evalue === 'string' ? `${ename}: ${evalue.slice(0, 200)}` : message;
}
