import path from 'node:path';
import { isAtLeast } from '../../src/clients/python/uvProgram';
import { cached, shortHash } from './cache';
import { runTool } from './runTool';

const uvVersion = '0.13.9';

/** The checkers of the Python code, with the library whose classes it extends; mypy runs on 3.10 and newer. */
const checkers = { packages: ['ruff==0.17.6', 'mypy==2.4.1', 'nbclient==0.11.0'], python: '>=3.10' };

/** Packages are taken as they were on this day, so that the same tests run everywhere. */
const asOf = '2026-11-20';

/**
 * What a user's environment holds, and what the server's tests need beside it: uvicorn and cloudpickle where there is no
 * support directory, makers of model files, and a client that nobody here wrote.
 */
const userPackages = [
  'numpy',
  'pandas',
  'scikit-learn',
  'joblib',
  'onnxruntime',
  'skl2onnx',
  'xgboost-cpu',
  'lightgbm',
  'cloudpickle',
  'uvicorn',
  'httptools',
  'tritonclient[http]',
  ...(process.platform === 'win32' ? [] : ['uvloop']),
];
const supportPackages = [
  'ipykernel',
  'cloudpickle',
  'uvicorn',
  'httptools',
  ...(process.platform === 'win32' ? [] : ['uvloop']),
];
const runnerPackages = ['nbclient'];

const isWindows = process.platform === 'win32';

type Report = (line: string) => void;

interface Python {
  readonly command: string;
  readonly version: string;
}

/** A Python 3.9 or newer on PATH. */
async function requirePython(): Promise<Python> {
  const code = 'import sys; print(sys.executable, "%d.%d.%d" % sys.version_info[:3], sep="\\n")';
  for (const name of isWindows ? ['python', 'py', 'python3'] : ['python3', 'python']) {
    const [command = '', version = ''] = (await runTool(name, ['-c', code]).catch(() => '')).trim().split(/\r?\n/);
    if (isAtLeast(version, '3.9')) return { command, version };
  }
  throw new Error('no Python 3.9 or newer is on PATH');
}

/** The program of that name in a virtual environment. */
export function inEnvironment(folder: string, name: string): string {
  return isWindows ? path.join(folder, 'Scripts', `${name}.exe`) : path.join(folder, 'bin', name);
}

/**
 * uv, in a cached virtual environment made with the Python on PATH.
 * @returns the program
 * @throws Error that says what is missing on this machine
 */
async function installUv(python: Python, report: Report): Promise<string> {
  const stamp = `${python.command} ${python.version} ${uvVersion}`;
  const folder = await cached(`uv-${shortHash(stamp)}`, stamp, async (target) => {
    report(`Installing uv ${uvVersion} (once).`);
    await runTool(python.command, ['-m', 'venv', target]).catch((cause: unknown) => {
      throw new Error(
        `${python.command} cannot make virtual environments (on Debian and Ubuntu: apt install python3-venv)`,
        { cause },
      );
    });
    const pip = ['-m', 'pip', 'install', '-q', '--disable-pip-version-check', `uv==${uvVersion}`];
    await runTool(inEnvironment(target, 'python'), pip);
  });
  return inEnvironment(folder, 'uv');
}

/**
 * A package of the index for programs that are no Python, unpacked in a folder of the cache.
 * @param requirement `NAME==VERSION`
 * @throws Error that says what is missing on this machine
 */
export async function unpackedPackage(requirement: string, report: Report): Promise<string> {
  const python = await requirePython();
  const uv = await installUv(python, report);
  return cached(requirement.replace('==', '-'), requirement, async (folder) => {
    report(`Downloading ${requirement} (once).`);
    await runTool(uv, ['pip', 'install', '-q', '--python', python.command, '--target', folder, requirement]);
  });
}

/**
 * ruff and mypy in a cached virtual environment.
 * @returns the environment's folder
 * @throws Error that says what is missing on this machine
 */
export async function pythonCheckers(report: Report): Promise<string> {
  const uv = await installUv(await requirePython(), report);
  const stamp = `${uv} ${checkers.packages.join(' ')}`;
  return cached(`python-checkers-${shortHash(stamp)}`, stamp, async (folder) => {
    report(`Installing ${checkers.packages.join(' and ')} (once).`);
    await runTool(uv, ['venv', '-q', '--clear', '--python', checkers.python, folder]);
    await runTool(uv, ['pip', 'install', '-q', '--python', inEnvironment(folder, 'python'), ...checkers.packages]);
  });
}

/**
 * The Python environments that the tests of resources/runtime use, made once and cached:
 * `SLIPWAY_TEST_PYTHON` is the interpreter of a user's environment, `SLIPWAY_TEST_SUPPORT` the directory that Slipway
 * appends behind it, `SLIPWAY_TEST_RUNNER` the interpreter that drives notebooks.
 */
export async function pythonTestEnvironments(report: Report): Promise<Record<string, string>> {
  const python = await requirePython();
  const program = await installUv(python, report);
  const uv = (...args: string[]): Promise<string> => runTool(program, args);
  const stamp = [
    python.command,
    python.version,
    asOf,
    ...userPackages,
    '|',
    ...supportPackages,
    '|',
    ...runnerPackages,
  ].join(' ');
  const folder = await cached(`python-tests-${shortHash(stamp)}`, stamp, async (target) => {
    report('Building the Python environments of the tests (once).');
    const [user, runner] = [path.join(target, 'user'), path.join(target, 'runner')];
    const into = (environment: string): string[] => [
      '--python',
      inEnvironment(environment, 'python'),
      '--exclude-newer',
      asOf,
    ];
    for (const one of [user, runner]) await uv('venv', '-q', '--python', python.command, one);
    await uv('pip', 'install', '-q', ...into(user), ...userPackages);
    await uv('pip', 'install', '-q', ...into(runner), ...runnerPackages);
    await uv('pip', 'install', '-q', ...into(user), '--target', path.join(target, 'support'), ...supportPackages);
  });
  return {
    SLIPWAY_TEST_PYTHON: inEnvironment(path.join(folder, 'user'), 'python'),
    SLIPWAY_TEST_RUNNER: inEnvironment(path.join(folder, 'runner'), 'python'),
    SLIPWAY_TEST_SUPPORT: path.join(folder, 'support'),
  };
}
