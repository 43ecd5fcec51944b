import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { eventually } from '../../support/eventually';
import { closedPort } from '../../support/ports';
import { repository } from '../../support/workspace';
import { endProcessesNaming, onExit } from '../../testbed/cleanup';
import { expectSpecies } from './deployOnce';
import { plainEnvironment } from './machine';
import { pathWith, type UvTools } from './uv';

const source = path.join(import.meta.dirname, 'byHand');

/** The shell's way from the notebook to an answer, with an empty package cache: milliseconds until the server answers. */
export async function byHand(uv: UvTools): Promise<number> {
  const folder = await mkdtemp(path.join(tmpdir(), 'slipway-by-hand-'));
  const forget = onExit(() => {
    endProcessesNaming(folder);
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  });
  try {
    await writeProject(folder);
    return await timeScript(folder, uv);
  } finally {
    endProcessesNaming(folder);
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    forget();
  }
}

/** The example project with the cell that a person adds to keep the model. */
async function writeProject(folder: string): Promise<void> {
  await cp(path.join(repository, 'examples/iris'), folder, { recursive: true });
  await cp(source, folder, { recursive: true });
  const file = path.join(folder, 'iris.ipynb');
  const notebook = JSON.parse(await readFile(file, 'utf8')) as { readonly cells: readonly unknown[] };
  const save = {
    cell_type: 'code',
    id: 'save',
    metadata: {},
    execution_count: null,
    outputs: [],
    source: 'import joblib\njoblib.dump((model, species), "model.joblib")',
  };
  await writeFile(file, JSON.stringify({ ...notebook, cells: [...notebook.cells, save] }));
}

async function timeScript(folder: string, uv: UvTools): Promise<number> {
  const port = await closedPort();
  const env = plainEnvironment({
    PATH: pathWith(uv),
    PYTHON: uv.python.path,
    PORT: String(port),
    UV_CACHE_DIR: path.join(folder, 'cache'),
  });
  const started = performance.now();
  const child = spawn('sh', [path.join(folder, 'by_hand.sh')], {
    cwd: folder,
    env,
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = once(child, 'close');
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  try {
    await eventually('the server written by hand answers', 600, () => {
      if (child.exitCode !== null) throw new Error(`The script ended with ${child.exitCode}: ${stderr.slice(-2000)}`);
      return expectSpecies(`http://127.0.0.1:${port}/predict`).then(
        () => true,
        () => false,
      );
    });
    return performance.now() - started;
  } finally {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGTERM');
    await ended;
  }
}
