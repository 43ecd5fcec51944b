import { mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import { buildCli } from '../../../support/cli';
import { endProcessesNaming } from '../../../testbed/cleanup';
import { debianArchive, pushBase } from '../../../testbed/docker/baseImage';
import { engineProblem, startEngine, type TestEngine } from '../../../testbed/docker/engine';
import { unmountBelow } from '../../../testbed/docker/unmount';
import { startCluster, type TestCluster } from '../../../testbed/kubernetes/cluster';
import { runTool } from '../../../testbed/runTool';
import { pushPeerBase } from '../../images/contenders';
import { writeIndexValidity } from '../../images/indexValidity';
import { openOutwards } from '../../images/network';
import { uvTools, type UvTools } from '../../local/uv';

/** A cluster, and a Docker engine that pushes to the cluster's registry. */
export interface LoopArena {
  readonly root: string;
  readonly cluster: TestCluster;
  readonly engine: TestEngine;
  /** An image with Python, and one that has uv and certificates besides. */
  readonly base: string;
  readonly peerBase: string;
  readonly uv: UvTools;
  /** In an environment that has the packages of the notebook. */
  readonly jupyter: string;
  close(): Promise<void>;
}

export async function openArena(programs: string): Promise<LoopArena> {
  const problem = engineProblem();
  if (problem !== undefined) throw new Error(problem);
  await buildCli();
  const archive = await debianArchive(console.log);
  const root = await mkdtemp('/var/tmp/slw-loop-');
  const closing: (() => Promise<void> | void)[] = [
    async () => {
      endProcessesNaming(root);
      unmountBelow(root);
      await rm(root, { recursive: true, force: true });
    },
  ];
  const close = async (): Promise<void> => {
    for (const one of closing.toReversed()) await one();
  };
  try {
    const cluster = await startCluster({ programs });
    closing.push(() => cluster.stop());
    const { host } = cluster.registry;
    const engine = await startEngine([], [host]);
    closing.push(() => engine.stop());
    closing.push(openOutwards(engine.network));
    const base = await pushBase(host, archive);
    const uv = await uvTools(new AbortController().signal);
    const uvConfiguration = await writeIndexValidity(root);
    const images = { root, project: root, engine, host, reached: host, base, uv, uvConfiguration };
    const peerBase = await pushPeerBase(images);
    return { root, cluster, engine, base, peerBase, uv, jupyter: await installJupyter(root, uv), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function installJupyter(root: string, uv: UvTools): Promise<string> {
  const folder = path.join(root, 'jupyter');
  const python = path.join(folder, 'bin', 'python');
  const packages = ['scikit-learn', 'pandas', 'joblib', 'nbclient', 'ipykernel'];
  await runTool(uv.program, ['venv', '-q', '--python', uv.python.path, folder]);
  await runTool(uv.program, ['pip', 'install', '-q', '--compile-bytecode', '--python', python, ...packages]);
  return path.join(folder, 'bin', 'jupyter');
}
