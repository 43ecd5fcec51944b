import { mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { errorOf, slipway } from '../../support/cli';
import { cacheFolder, cached } from '../../testbed/cache';
import { endProcessesNaming, onExit } from '../../testbed/cleanup';
import { inEnvironment } from '../../testbed/python';
import { runTool } from '../../testbed/runTool';
import { plainEnvironment } from '../local/machine';
import type { UvTools } from '../local/uv';
import { checkOut, type Source } from './sources';

/** How one contender fared with one notebook. */
export interface Outcome {
  readonly ran: boolean;
  readonly seconds: number;
  /** What stopped it, or the Python and the date that it chose. */
  readonly note: string;
}

export type Contender = (source: Source, uv: UvTools) => Promise<Outcome>;

const pipreqsVersion = '0.5.0';
const limits = { install: 180_000, run: 240_000, slipway: 1_800_000 } as const;

/** Slipway first; the others are what a person does by hand on the Python of the machine. */
export const contenders: Readonly<Record<string, Contender>> = {
  slipway: withSlipway,
  pipreqs: byHand(async (notebook, _source, uv) => ({ requirements: await pipreqs(notebook, uv), options: [] })),
  newest: byHand(async (notebook) => ({ requirements: await inferred(notebook), options: [] })),
  'as of date': byHand(async (notebook, source) => ({
    requirements: await inferred(notebook),
    options: ['--exclude-newer', source.date],
  })),
};

async function withSlipway(source: Source): Promise<Outcome> {
  return inFolder(async (folder) => {
    const notebook = await checkOut(source, path.join(folder, source.name), true);
    // One home for all notebooks: downloads are shared as they are on a user's machine.
    const home = path.join(cacheFolder(), 'bench-notebooks');
    const args = ['deploy', notebook, '--name', source.name, '--home', home, '--yes', '--json'];
    const started = performance.now();
    const result = await slipway(args, { env: plainEnvironment(), timeoutMs: limits.slipway });
    const seconds = (performance.now() - started) / 1000;
    const plan = result.json.find((event) => event['event'] === 'plan')?.['plan'];
    await slipway(['remove', source.name, '--home', home], { env: plainEnvironment() });
    const ran = result.json.some((event) => event['event'] === 'deployed');
    return {
      ran,
      seconds,
      note: ran ? choices(plan) : (errorOf(result).message ?? 'it ended without an answer, or took too long'),
    };
  });
}

/** The Python and the date of a plan. */
function choices(plan: unknown): string {
  const { python, dependencies } = plan as {
    readonly python: { readonly version: string };
    readonly dependencies: { readonly asOf?: { readonly date: string } };
  };
  const date = dependencies.asOf?.date.slice(0, 10);
  return `Python ${python.version}${date === undefined ? '' : `, as of ${date}`}`;
}

interface ByHand {
  readonly requirements: readonly string[];
  readonly options: readonly string[];
}

/** Installs into a new environment of the machine's Python, then executes the notebook there from top to bottom. */
function byHand(choose: (notebook: string, source: Source, uv: UvTools) => Promise<ByHand>): Contender {
  return (source, uv) =>
    inFolder(async (folder) => {
      const notebook = await checkOut(source, path.join(folder, source.name), false);
      const environment = path.join(folder, 'environment');
      const started = performance.now();
      const failure = await tryAll(async () => {
        const { requirements, options } = await choose(notebook, source, uv);
        const into = ['pip', 'install', '-q', '--python', inEnvironment(environment, 'python')];
        const limit = { signal: AbortSignal.timeout(limits.install) };
        await runTool(uv.program, ['venv', '-q', '--python', uv.python.path, environment], limit);
        if (requirements.length > 0) await runTool(uv.program, [...into, ...options, ...requirements], limit);
        // What executes notebooks is no part of the comparison: its newest version that suits the rest.
        await runTool(uv.program, [...into, 'ipykernel', 'nbclient'], limit);
        await execute(environment, notebook);
      });
      const seconds = (performance.now() - started) / 1000;
      return { ran: failure === undefined, seconds, note: failure ?? `Python ${uv.python.version}` };
    });
}

async function execute(environment: string, notebook: string): Promise<void> {
  const programs = path.dirname(inEnvironment(environment, 'python'));
  const env = plainEnvironment({ PATH: `${programs}${path.delimiter}${process.env['PATH'] ?? ''}` });
  await runTool(inEnvironment(environment, 'jupyter-execute'), ['--kernel_name=python3', path.basename(notebook)], {
    cwd: path.dirname(notebook),
    env,
    signal: AbortSignal.timeout(limits.run),
  });
}

async function inferred(notebook: string): Promise<readonly string[]> {
  const result = await slipway(['inspect', notebook, '--json'], { env: plainEnvironment() });
  const found = JSON.stringify(result.json.find((event) => 'project' in event));
  const { project } = JSON.parse(found) as {
    readonly project: { readonly dependencies: { readonly requirements: readonly { readonly spec: string }[] } };
  };
  return project.dependencies.requirements.map((one) => one.spec);
}

async function pipreqs(notebook: string, uv: UvTools): Promise<readonly string[]> {
  const tool = await cached(`pipreqs-${pipreqsVersion}`, `${uv.python.path} ${pipreqsVersion}`, async (folder) => {
    await runTool(uv.program, ['venv', '-q', '--python', uv.python.path, folder]);
    const python = inEnvironment(folder, 'python');
    await runTool(uv.program, ['pip', 'install', '-q', '--python', python, `pipreqs==${pipreqsVersion}`]);
  });
  const file = `${notebook}.requirements.txt`;
  // Its own address of the index is not reachable everywhere.
  const server = process.env['PIPREQS_SERVER'];
  const options = server === undefined ? [] : ['--pypi-server', server];
  const args = ['--scan-notebooks', '--force', ...options, '--savepath', file, path.dirname(notebook)];
  await runTool(inEnvironment(tool, 'pipreqs'), args, { signal: AbortSignal.timeout(limits.install) });
  const lines = (await readFile(file, 'utf8')).split('\n').map((line) => line.trim());
  return lines.filter((line) => line !== '');
}

/** The last line of what went wrong. */
async function tryAll(work: () => Promise<void>): Promise<string | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return text.trim().split('\n').at(-1) ?? text;
  }
}

/** A folder that is gone afterwards, with every process that was started from it. */
async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await realpath(await mkdtemp(path.join(tmpdir(), 'slw-nb-')));
  const done = onExit(() => endProcessesNaming(folder));
  try {
    return await work(folder);
  } finally {
    endProcessesNaming(folder);
    done();
    await rm(folder, { recursive: true, force: true });
  }
}
