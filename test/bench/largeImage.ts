import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { buildCli } from '../support/cli';
import { debianArchive, pushBase } from '../testbed/docker/baseImage';
import { startRegistry } from '../testbed/docker/registry';
import { slipwayContender } from './images/contenders';
import { writeIndexValidity } from './images/indexValidity';
import { median, seconds } from './local/figures';
import { load, machine } from './local/machine';
import { uvTools } from './local/uv';

// npm run bench -- largeImage [ROUNDS]: builds and pushes an environment of 3 GB, and tells how much memory that took.

/** Files of up to 700 MB that are compressed badly, as PyTorch for CUDA brings them, without PyTorch's own index. */
const requirements = [
  'flask',
  'triton',
  ...['cublas', 'cudnn', 'cufft', 'cusolver', 'cusparse', 'nccl', 'cusparselt', 'curand'].map(
    (name) => `nvidia-${name}-cu12`,
  ),
];

async function makeProject(folder: string): Promise<void> {
  const files = {
    'slipway.yaml': 'name: large\nentry: app.py:app\npython: "3.11"\n',
    'app.py': 'from flask import Flask\n\napp = Flask(__name__)\n',
    'requirements.txt': `${requirements.join('\n')}\n`,
  };
  await mkdir(folder);
  for (const [name, content] of Object.entries(files)) await writeFile(path.join(folder, name), content);
}

async function main(): Promise<void> {
  const rounds = Number(process.argv.slice(2).find((word) => /^\d+$/.test(word)) ?? 3);
  console.log(`${machine()}, ${load()}, ${String(rounds)} rounds`);
  await buildCli();
  const root = await mkdtemp('/var/tmp/slw-bench-');
  const registry = await startRegistry();
  try {
    const { host } = registry;
    const base = await pushBase(host, await debianArchive(console.log));
    const project = path.join(root, 'large');
    await makeProject(project);
    const uv = await uvTools(new AbortController().signal);
    const arena = { root, project, host, reached: host, base, uv, uvConfiguration: await writeIndexValidity(root) };
    const contender = slipwayContender(arena, true);
    const peaks: number[] = [];
    for (let round = 0; round < rounds; round++) {
      await contender.reset();
      const { ms, peak } = await contender.build(`round${String(round)}/large`);
      peaks.push(peak / 2 ** 20);
      console.log(`${seconds(ms)}, ${(peak / 2 ** 20).toFixed(0)} MiB at most (${load()})`);
    }
    console.log(`\nPeak memory of the builder itself, median: ${median(peaks).toFixed(0)} MiB.`);
  } finally {
    await registry.stop();
    await rm(root, { recursive: true, force: true });
  }
}

await main();
