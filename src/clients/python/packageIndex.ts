import { runProcess } from '../process/runProcess';
import type { Interpreter } from './interpreters';

/**
 * The user's package index as environment variables for uv, which does not read pip's configuration.
 * Variables of uv that are set already win. Values may hold credentials: never log them.
 */
export async function packageIndexEnvironment(
  interpreter: Interpreter | undefined,
  signal: AbortSignal,
): Promise<Readonly<Record<string, string>>> {
  const pip = interpreter?.hasPip === true ? await pipConfiguration(interpreter, signal) : new Map<string, string>();
  return { ...translatePipConfiguration(pip), ...setAlready() };
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

/** Maps the settings of `pip config list` to uv's variables. */
export function translatePipConfiguration(pip: ReadonlyMap<string, string>): Record<string, string> {
  const value = (key: string): string | undefined =>
    pip.get(`:env:.${key}`) ?? pip.get(`install.${key}`) ?? pip.get(`global.${key}`);
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

/** Reads the lines of `pip config list`: `global.index-url='https://…'`. */
export function parsePipConfiguration(text: string): ReadonlyMap<string, string> {
  const entries = text.split(/\r?\n/).flatMap((line) => {
    const match = /^(?<key>[^=]+)='(?<value>.*)'$/.exec(line);
    const key = match?.groups?.['key'];
    const value = match?.groups?.['value'];
    return key === undefined || value === undefined ? [] : [[key, value] as const];
  });
  return new Map(entries);
}

async function pipConfiguration(interpreter: Interpreter, signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
  const result = await runProcess(interpreter.path, ['-m', 'pip', 'config', 'list'], { timeoutMs: 15_000 }, signal);
  return result.exitCode === 0 ? parsePipConfiguration(result.stdout) : new Map<string, string>();
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
  return text.split(/(?:\\n|\s)+/).filter((word) => word !== '');
}
