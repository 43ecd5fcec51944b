import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { slipway } from '../../support/cli';
import { eventually } from '../../support/eventually';
import { closedPort } from '../../support/ports';
import type { Workspace } from '../../support/workspace';
import { cached } from '../../testbed/cache';
import { onExit, signalQuietly } from '../../testbed/cleanup';
import { inEnvironment } from '../../testbed/python';
import { runTool } from '../../testbed/runTool';
import { plainEnvironment } from './machine';
import { pathWith, type UvTools } from './uv';

/** A server that has answered that it is ready. */
export interface RunningServer {
  /** `http://127.0.0.1:PORT` */
  readonly endpoint: string;
  /** The process that predicts. */
  readonly pid: number;
  stop(): Promise<void>;
}

export interface BenchJob {
  readonly uv: UvTools;
  readonly workspace: Workspace;
  /** The joblib file of the model. */
  readonly model: string;
}

/** The libraries that predict are the same everywhere. */
const libraries = ['scikit-learn==1.9.1', 'numpy==2.4.6', 'scipy==1.17.1', 'joblib==1.6.0'];
const asOf = '2026-11-20';
const sources = path.join(import.meta.dirname, 'servers');

/** An environment of the benchmark, kept in the cache of the tools. @returns its interpreter */
export async function environment(uv: UvTools, name: string, packages: readonly string[]): Promise<string> {
  const all = [...packages, ...libraries];
  const stamp = [uv.python.path, uv.python.version, asOf, ...all].join(' ');
  const folder = await cached(`bench-${name}`, stamp, async (target) => {
    console.log(`Installing ${packages.length === 0 ? name : packages.join(' and ')} (once).`);
    const python = inEnvironment(path.join(target, 'venv'), 'python');
    await runTool(uv.program, ['venv', '-q', '--python', uv.python.path, path.join(target, 'venv')], {
      env: plainEnvironment(),
    });
    await runTool(uv.program, ['pip', 'install', '-q', '--python', python, '--exclude-newer', asOf, ...all], {
      env: plainEnvironment(),
    });
  });
  return inEnvironment(path.join(folder, 'venv'), 'python');
}

export async function makeModel(uv: UvTools, file: string): Promise<void> {
  await runTool(await environment(uv, 'kserve', ['kserve==0.21.0']), [path.join(sources, 'make_model.py'), file], {
    env: plainEnvironment(),
  });
}

/** A model file, deployed with the command line: one worker. */
export async function startSlipway({ uv, workspace, model }: BenchJob): Promise<RunningServer> {
  const files = {
    'requirements.txt': `${libraries.join('\n')}\n`,
    'slipway.yaml': `name: iris\npython: "${uv.python.minor}"\n`,
  };
  const project = await workspace.writeProject('server', files);
  await makeModel(uv, path.join(project, path.basename(model)));
  const env = plainEnvironment({ PATH: pathWith(uv) });
  const result = await slipway(['deploy', project, '--home', workspace.home, '--yes', '--json'], {
    env,
    timeoutMs: 300_000,
  });
  const deployed = result.json.find((event) => event['event'] === 'deployed');
  if (deployed === undefined)
    throw new Error(`Slipway did not deploy the model: ${result.stdout.slice(-1000)}${result.stderr}`);
  const pid = (await workspace.model('iris'))?.workers[0]?.pid ?? 0;
  // The workspace removes the model.
  return {
    endpoint: (deployed['model'] as { readonly endpoint: string }).endpoint,
    pid,
    stop: () => Promise.resolve(),
  };
}

/** MLServer's own scikit-learn runtime in one process, which is quicker than a pool of one, and without an access log. */
export async function startMlServer({ uv, workspace, model }: BenchJob): Promise<RunningServer> {
  const python = await environment(uv, 'mlserver', ['mlserver==1.7.1', 'mlserver-sklearn==1.7.1']);
  const [port, grpc, metrics] = await Promise.all([closedPort(), closedPort(), closedPort()]);
  const folder = path.join(workspace.root, 'mlserver');
  await mkdir(folder);
  const settings = {
    host: '127.0.0.1',
    http_port: port,
    grpc_port: grpc,
    metrics_port: metrics,
    parallel_workers: 0,
    debug: false,
  };
  await writeFile(path.join(folder, 'settings.json'), JSON.stringify(settings));
  const implementation = 'mlserver_sklearn.SKLearnModel';
  await writeFile(
    path.join(folder, 'model-settings.json'),
    JSON.stringify({ name: 'iris', implementation, parameters: { uri: model } }),
  );
  return startProgram(path.join(path.dirname(python), 'mlserver'), ['start', folder], port);
}

/** A model of KServe's Python SDK, written as its documentation shows. */
export async function startKServe({ uv, model }: BenchJob): Promise<RunningServer> {
  return startScript(uv, 'kserve_server.py', model);
}

/** What no server in Python can be quicker than. */
export async function startFloor({ uv, model }: BenchJob): Promise<RunningServer> {
  return startScript(uv, 'floor_server.py', model);
}

async function startScript(uv: UvTools, script: string, model: string): Promise<RunningServer> {
  const python = await environment(uv, 'kserve', ['kserve==0.21.0']);
  const port = await closedPort();
  return startProgram(python, [path.join(sources, script), model, String(port)], port);
}

async function startProgram(command: string, args: readonly string[], port: number): Promise<RunningServer> {
  const child = spawn(command, args, { env: plainEnvironment(), detached: true, stdio: ['ignore', 'ignore', 'pipe'] });
  const group = -(child.pid ?? 0);
  const forget = onExit(() => signalQuietly(group, 'SIGKILL'));
  const ended = once(child, 'close').then(forget);
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr = (stderr + chunk.toString()).slice(-4000)));
  const endpoint = `http://127.0.0.1:${port}`;
  const stop = async (): Promise<void> => {
    signalQuietly(group, 'SIGKILL');
    await ended;
  };
  try {
    await eventually(`${path.basename(command)} is ready`, 180, () => {
      if (child.exitCode !== null) throw new Error(`${command} ended with ${child.exitCode}: ${stderr}`);
      return fetch(`${endpoint}/v2/models/iris/ready`).then(
        ({ ok }) => ok,
        () => false,
      );
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return { endpoint, pid: -group, stop };
}
