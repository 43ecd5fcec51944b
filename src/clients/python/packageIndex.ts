import path from 'node:path';
import { runProcess } from '../process/runProcess';
import { compareMinor, oldestOwnPython, type Interpreter } from './interpreters';

/**
 * The user's package index as environment variables for uv, which does not read pip's configuration.
 * Variables of uv that are set already win. Values may hold credentials: never log them.
 * @param interpreters the first of them with pip tells pip's configuration
 * @param runtime folder of Slipway's Python files
 */
export async function packageIndexEnvironment(
  interpreters: readonly Interpreter[],
  runtime: string,
  signal: AbortSignal,
): Promise<Readonly<Record<string, string>>> {
  const interpreter = interpreters.find((one) => one.hasPip && compareMinor(one.minor, oldestOwnPython) >= 0);
  const files = interpreter === undefined ? {} : await pipConfiguration(interpreter, runtime, signal);
  return { ...translatePipConfiguration(files, process.env), ...setAlready() };
}

/** Addresses of package indexes. */
export interface PackageIndexes {
  /** Undefined for PyPI. */
  readonly main: string | undefined;
  readonly extra: readonly string[];
}

/**
 * The indexes of uv's variables for who installs elsewhere: without credentials, which must not be written down, and
 * without those that only this machine reaches.
 */
export function portableIndexes(environment: NodeJS.ProcessEnv): PackageIndexes {
  const value = (name: string): readonly string[] => words(environment[name] ?? '').flatMap(portable);
  return {
    main: [...value('UV_DEFAULT_INDEX'), ...value('UV_INDEX_URL')][0],
    extra: [...value('UV_INDEX'), ...value('UV_EXTRA_INDEX_URL')],
  };
}

/** uv takes `NAME=URL` too. */
function portable(word: string): readonly string[] {
  const text = word.replace(/^[\w.-]+=(?=\w+:)/, '');
  if (!URL.canParse(text)) return [];
  const url = new URL(text);
  url.username = '';
  url.password = '';
  url.search = '';
  const isLocal = !/^https?:$/.test(url.protocol) || /^(?:localhost|127\..*|\[::1\])$/.test(url.hostname);
  return isLocal ? [] : [url.href];
}

/**
 * Maps pip's settings to uv's variables.
 * @param files what its configuration files say, by `SECTION.NAME`
 * @param environment its variables, `PIP_NAME`, come before all files
 */
export function translatePipConfiguration(
  files: Readonly<Record<string, string>>,
  environment: NodeJS.ProcessEnv,
): Record<string, string> {
  const value = (key: string): string | undefined => {
    const variable = environment[`PIP_${key.toUpperCase().replaceAll('-', '_')}`];
    return variable === undefined || variable === '' ? (files[`install.${key}`] ?? files[`global.${key}`]) : variable;
  };
  const index = value('index-url');
  const extra = value('extra-index-url');
  const certificate = value('cert');
  const links = value('find-links');
  const host = value('trusted-host');
  return {
    ...(index === undefined ? {} : { UV_DEFAULT_INDEX: index }),
    ...(extra === undefined ? {} : { UV_INDEX: words(extra).join(' ') }),
    ...(certificate === undefined ? {} : { SSL_CERT_FILE: certificate }),
    ...(links === undefined ? {} : { UV_FIND_LINKS: words(links).join(',') }),
    ...(host === undefined ? {} : { UV_INSECURE_HOST: words(host).join(' ') }),
    ...(value('no-index') === 'true' ? { UV_NO_INDEX: '1' } : {}),
  };
}

/** Nothing where a file of it cannot be read, which pip then says itself. */
async function pipConfiguration(
  interpreter: Interpreter,
  runtime: string,
  signal: AbortSignal,
): Promise<Readonly<Record<string, string>>> {
  const script = path.join(runtime, 'pip_configuration.py');
  const result = await runProcess(interpreter.path, ['-I', '-S', script], { timeoutMs: 15_000 }, signal);
  return result.exitCode === 0 ? (JSON.parse(result.stdout) as Readonly<Record<string, string>>) : {};
}

function setAlready(): Record<string, string> {
  const names = [
    'UV_DEFAULT_INDEX',
    'UV_INDEX_URL',
    'UV_INDEX',
    'UV_EXTRA_INDEX_URL',
    'UV_FIND_LINKS',
    'UV_INSECURE_HOST',
    'UV_NO_INDEX',
    'SSL_CERT_FILE',
  ];
  return Object.fromEntries(
    names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  );
}

function words(text: string): readonly string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}
