import { satisfies } from '@renovatebot/pep440';
import { compareMinor, oldestSupportedPython, type Interpreter } from '../clients/python/interpreters';
import { monthsAfter, releasedOn } from '../clients/python/pythonReleases';
import { UserError } from '../core/errors';
import type { Finding, PythonRequirement } from '../core/project';

export interface PythonChoice {
  readonly interpreter: Interpreter;
  readonly why: string;
  readonly finding?: Finding;
}

/**
 * The interpreter that trains and serves: the one that the project asks for. A notebook's metadata is a trace of where
 * it once ran, so it may be replaced by the nearest newer Python, and that is said; what a person wrote down is binding.
 * Where nothing names one, the packages are those of the notebook's last change, and so is the Python.
 * @param lastChange ISO date as of which the packages are solved; undefined where all of them are pinned
 * @throws UserError PythonNotFound, naming the installed ones
 */
export function choosePython(
  required: PythonRequirement,
  interpreters: readonly Interpreter[],
  lastChange?: string,
): PythonChoice {
  const usable = newestOfEachMinor(interpreters.filter((one) => compareMinor(one.minor, oldestSupportedPython) >= 0));
  const first = usable[0];
  if (first === undefined) throw pythonNotFound(required, interpreters);
  if (required.version !== undefined) {
    const exact = usable.find((one) => one.minor === required.version);
    if (exact !== undefined) return { interpreter: exact, why: required.source };
    if (required.isTrace !== true) throw pythonNotFound(required, interpreters);
    if (required.specifier === undefined) return substitute(required.version, required.source, usable, first);
  }
  if (required.specifier !== undefined) {
    const fitting = usable.filter((one) => satisfies(one.version, required.specifier ?? ''));
    const chosen = preferred(fitting, interpreters);
    if (chosen === undefined) throw pythonNotFound(required, interpreters);
    return { interpreter: chosen, why: `${required.source} (${required.specifier})` };
  }
  return ofItsTime(usable, interpreters, first, lastChange);
}

/** Months that the authors of packages need, after the release of a Python, to publish wheels for it. */
const monthsToSettle = 6;

/** The first Python on PATH, unless the notebook is older than it: then the newest of the notebook's time, else the oldest. */
function ofItsTime(
  usable: readonly Interpreter[],
  interpreters: readonly Interpreter[],
  oldest: Interpreter,
  lastChange: string | undefined,
): PythonChoice {
  const usual = preferred(usable, interpreters) ?? oldest;
  if (lastChange === undefined || settledBy(usual.minor, lastChange))
    return { interpreter: usual, why: 'first Python on PATH' };
  const day = lastChange.slice(0, 10);
  const settled = usable.filter((one) => settledBy(one.minor, lastChange)).at(-1);
  return {
    interpreter: settled ?? oldest,
    why:
      settled === undefined
        ? `the oldest installed, for a notebook last changed on ${day}`
        : `the newest installed that is older than the notebook's last change on ${day}`,
  };
}

function settledBy(minor: string, date: string): boolean {
  const release = releasedOn(minor);
  return release === undefined || monthsAfter(release, monthsToSettle) <= date;
}

/** The interpreter that comes first on PATH when it fits, else the newest that fits. */
function preferred(fitting: readonly Interpreter[], all: readonly Interpreter[]): Interpreter | undefined {
  const first = all[0];
  return fitting.find((one) => one.path === first?.path) ?? fitting.at(-1);
}

function newestOfEachMinor(interpreters: readonly Interpreter[]): readonly Interpreter[] {
  const byMinor = new Map<string, Interpreter>();
  for (const one of interpreters) if (!byMinor.has(one.minor)) byMinor.set(one.minor, one);
  return [...byMinor.values()].sort((left, right) => compareMinor(left.minor, right.minor));
}

function substitute(
  version: string,
  source: string,
  usable: readonly Interpreter[],
  oldest: Interpreter,
): PythonChoice {
  const interpreter = usable.find((one) => compareMinor(one.minor, version) > 0) ?? usable.at(-1) ?? oldest;
  return {
    interpreter,
    why: `${version} of the ${source} is not installed; ${interpreter.minor} is the nearest`,
    finding: {
      code: 'PythonSubstituted',
      severity: 'warning',
      message: `The ${source} names Python ${version}, which is not installed. Python ${interpreter.version} is used; set python in slipway.yaml to choose another.`,
    },
  };
}

function pythonNotFound(required: PythonRequirement, interpreters: readonly Interpreter[]): UserError {
  const wanted = required.version ?? required.specifier ?? `${oldestSupportedPython} or newer`;
  const installed = interpreters.length === 0 ? 'none was found' : interpreters.map((one) => one.version).join(', ');
  return new UserError(
    'PythonNotFound',
    `The project needs Python ${wanted} (${required.source}), which is not installed. Installed: ${installed}.`,
    {
      remedy: {
        kind: 'runCommand',
        label: 'Install Python with uv',
        command: 'slipway.installPython',
        args: [required.version ?? oldestSupportedPython],
      },
    },
  );
}
