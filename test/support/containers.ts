import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { runTool } from '../testbed/runTool';
import type { TestEngine } from '../testbed/docker/engine';

/** What a model answers, wherever it runs. */
export interface ModelAnswers {
  readonly server: unknown;
  readonly metadata: unknown;
  readonly infer: unknown;
  readonly invocations: { readonly predictions: unknown };
}

const script = path.join(import.meta.dirname, 'ask_model.py');

/** As strict as clusters are: any user, nothing to write but /tmp, no rights, no network. */
const restricted = [
  ...['--user', '1234567:0', '--read-only', '--tmpfs', '/tmp', '--network', 'none'],
  ...['--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'],
];

/** Starts a container of an image. @returns its id */
export async function startContainer(engine: TestEngine, image: string): Promise<string> {
  return (await engine.docker('run', '--detach', ...restricted, image)).trim();
}

/** Where containers of another architecture find what runs their programs. */
const emulatorInside = '/emulator';

/**
 * The same for an image of another architecture, whose programs are run by an emulator. @returns its id
 * @param platform `linux/arm64`
 */
export async function startForeignContainer(
  engine: TestEngine,
  image: string,
  { platform, emulator }: { readonly platform: string; readonly emulator: string },
): Promise<string> {
  await engine.docker('pull', '--quiet', '--platform', platform, image);
  const format = '{{json .Config.Entrypoint}}';
  const command = JSON.parse(await engine.docker('inspect', '--format', format, image)) as readonly string[];
  const lent = ['--volume', `${emulator}:${emulatorInside}:ro`, '--entrypoint', emulatorInside];
  const run = ['run', '--detach', '--platform', platform, ...restricted, ...lent, image, ...command];
  return (await engine.docker(...run)).trim();
}

/** Asks from inside, since nothing else reaches a container without a network. @throws Error with the container's log */
export async function askContainer(
  engine: TestEngine,
  container: string,
  model: string,
  example: unknown,
): Promise<ModelAnswers> {
  return ask(engine, container, ['python'], model, example);
}

/** The same in a container of {@link startForeignContainer}. */
export async function askForeignContainer(
  engine: TestEngine,
  container: string,
  model: string,
  example: unknown,
): Promise<ModelAnswers> {
  return ask(engine, container, [emulatorInside, '/opt/slipway/venv/bin/python'], model, example);
}

async function ask(
  engine: TestEngine,
  container: string,
  python: readonly string[],
  model: string,
  example: unknown,
): Promise<ModelAnswers> {
  const code = await readFile(script, 'utf8');
  const args = [...python, '-c', code, 'http://127.0.0.1:8080', model, JSON.stringify(example)];
  try {
    return JSON.parse(await engine.docker('exec', container, ...args)) as ModelAnswers;
  } catch (cause) {
    const log = await engine.docker('logs', container).catch(() => '');
    throw new Error(`the container did not answer; its log:\n${log}`, { cause });
  }
}

/** Asks an endpoint of this machine. */
export async function askEndpoint(endpoint: string, model: string, example: unknown): Promise<ModelAnswers> {
  const python = process.env['SLIPWAY_TEST_PYTHON'] ?? 'python3';
  return JSON.parse(await runTool(python, [script, endpoint, model, JSON.stringify(example)])) as ModelAnswers;
}
