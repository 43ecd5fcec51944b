import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { isUserError, UserError } from '../core/errors';
import { readableJson } from '../core/readableJson';
import type { Target } from '../core/target';
import { compareJson, type Difference, type Tolerance } from './compareJson';
import { predict } from './predict';

/** `checks/NAME.json` in the project's folder: a request and what the model answered when it was right. */
export interface RegressionCheck {
  readonly schema: 1;
  /** The model it was made for; another model of the project is not asked. */
  readonly model: string;
  /** A body of `POST /invocations`. */
  readonly request: unknown;
  /** The `predictions` of the answer. */
  readonly expected: unknown;
  readonly tolerance: Tolerance;
}

export interface NamedCheck {
  readonly name: string;
  readonly file: string;
  readonly check: RegressionCheck;
}

export interface CheckResult {
  readonly name: string;
  readonly passed: boolean;
  /** Undefined when the model gave no prediction. */
  readonly ms: number | undefined;
  readonly differences: readonly Difference[];
  /** Why there is no prediction to compare. */
  readonly error: string | undefined;
}

/** Enough for another machine's floating-point order, far too little for another model. */
export const defaultTolerance: Tolerance = { absolute: 1e-9, relative: 1e-6 };

export function checksFolder(project: string): string {
  return path.join(project, 'checks');
}

/** The checks of a project for one model, by name. @throws UserError CheckInvalid */
export async function readChecks(project: string, model: string): Promise<readonly NamedCheck[]> {
  const folder = checksFolder(project);
  const files = (await readdir(folder).catch(() => [])).filter((file) => file.endsWith('.json')).sort();
  const checks = await Promise.all(files.map((file) => readCheck(path.join(folder, file))));
  return checks.filter((one) => one.check.model === model);
}

/**
 * Writes a check, a text file for the project's history. @param name letters, digits, `-`, `_` and `.`
 * @throws UserError CheckExists when there is one of that name
 */
export async function saveCheck(project: string, name: string, check: RegressionCheck): Promise<string> {
  const folder = checksFolder(project);
  const file = path.join(folder, `${name}.json`);
  await mkdir(folder, { recursive: true });
  await writeFile(file, `${readableJson(check)}\n`, { flag: 'wx' }).catch((cause: unknown) => {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'EEXIST')) throw cause;
    throw new UserError('CheckExists', `There is already a regression check named ${name}.`, {
      cause,
      remedy: { kind: 'openFile', label: 'Open It', location: { file } },
    });
  });
  return file;
}

/** Sends each request to the model, one after the other, and yields how its answer compares. A failing request fails its check only. */
export async function* runChecks(
  target: Target,
  model: string,
  checks: readonly NamedCheck[],
  signal: AbortSignal,
): AsyncGenerator<CheckResult> {
  for (const one of checks) {
    signal.throwIfAborted();
    yield await runCheck(target, model, one, signal);
  }
}

async function runCheck(
  target: Target,
  model: string,
  { name, check }: NamedCheck,
  signal: AbortSignal,
): Promise<CheckResult> {
  try {
    const { answer, ms } = await predict(target, model, JSON.stringify(check.request), signal);
    const differences = compareJson(check.expected, answer.predictions, check.tolerance);
    return { name, passed: differences.length === 0, ms, differences, error: undefined };
  } catch (error) {
    if (!isUserError(error)) throw error;
    return { name, passed: false, ms: undefined, differences: [], error: error.message };
  }
}

/** The results as text, failures with what was expected. */
export function formatChecks(model: string, results: readonly CheckResult[]): string {
  const failed = results.filter((one) => !one.passed).length;
  const lines = results.flatMap((one) => [
    `${one.passed ? 'passed' : 'FAILED'}  ${one.name}${one.ms === undefined ? '' : `  (${String(one.ms)} ms)`}`,
    ...reasonsOf(one),
  ]);
  return [
    `Regression checks of ${model}: ${String(results.length - failed)} passed, ${String(failed)} failed`,
    ...lines,
  ].join('\n');
}

function reasonsOf(result: CheckResult): readonly string[] {
  const error = result.error === undefined ? [] : [`        ${result.error.replaceAll('\n', '\n        ')}`];
  return [
    ...error,
    ...result.differences.map(
      (one) =>
        `        ${one.path === '' ? 'the prediction' : one.path}: expected ${shown(one.expected)}, got ${shown(one.actual)}`,
    ),
  ];
}

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value);
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

async function readCheck(file: string): Promise<NamedCheck> {
  const name = path.basename(file, '.json');
  try {
    const raw = JSON.parse(await readFile(file, 'utf8')) as unknown;
    if (isCheck(raw)) return { name, file, check: { ...raw, tolerance: { ...defaultTolerance, ...raw.tolerance } } };
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
  }
  throw new UserError(
    'CheckInvalid',
    `The regression check ${name} is not in the form that Slipway writes: an object with schema 1, model, request and expected.`,
    {
      location: { file },
      remedy: { kind: 'openFile', label: 'Open It', location: { file } },
    },
  );
}

function isCheck(
  raw: unknown,
): raw is Omit<RegressionCheck, 'tolerance'> & { readonly tolerance?: Partial<Tolerance> } {
  if (typeof raw !== 'object' || raw === null) return false;
  const { schema, model, tolerance } = raw as Readonly<Record<string, unknown>>;
  return (
    schema === 1 &&
    typeof model === 'string' &&
    'request' in raw &&
    'expected' in raw &&
    (tolerance === undefined || isTolerance(tolerance))
  );
}

function isTolerance(raw: unknown): boolean {
  return (
    typeof raw === 'object' &&
    raw !== null &&
    Object.values(raw).every((value) => typeof value === 'number' && value >= 0)
  );
}
