import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { stringify } from 'yaml';
import { eventually } from '../../../support/eventually';
import { kubernetesBinaries } from '../../../testbed/kubernetes/binaries';
import { onExit, signalQuietly } from '../../../testbed/cleanup';
import type { LoopArena } from './arena';
import { applyObjects, modelName, train, type Contender } from './contenders';
import { writeByHand } from './project';

const patienceSeconds = 300;

/** `skaffold dev`, which watches the files that the image is made of; the notebook is executed by hand. */
export async function skaffoldContender(arena: LoopArena, programs: string): Promise<Contender> {
  const namespace = 'skaffold';
  const { cluster, root, engine } = arena;
  const folder = await writeByHand(root, namespace);
  // It watches the model, which must be there.
  await train(arena, folder, 'train');
  const image = `${cluster.registry.host}/${namespace}/${modelName}`;
  const objects = await applyObjects(arena, namespace, image);
  await writeFile(path.join(folder, 'skaffold.yaml'), stringify(configuration(arena, image, objects)));
  const config = path.join(root, 'skaffold-home', 'config');
  await mkdir(path.dirname(config));
  await writeFile(config, stringify({ global: { survey: { 'disable-prompt': true }, 'collect-metrics': false } }));
  const skaffold = path.join(await kubernetesBinaries('skaffold', console.log), 'skaffold');
  const cache = ['--cache-file', path.join(root, 'skaffold-home', 'cache')];
  const options = ['--kube-context', 'testbed', '--namespace', namespace, '--config', config, ...cache];
  const child = spawn(
    skaffold,
    ['dev', '--trigger', 'notify', '--tail=false', '--cleanup=false', '--update-check=false', ...options],
    {
      cwd: folder,
      env: {
        ...process.env,
        PATH: `${programs}${path.delimiter}${process.env['PATH'] ?? ''}`,
        KUBECONFIG: cluster.kubeconfig,
        DOCKER_HOST: `unix://${engine.socket}`,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const forget = onExit(() => {
    if (child.pid !== undefined) signalQuietly(child.pid, 'SIGKILL');
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      log += chunk.toString();
    });
  let settled = 0;
  const settle = async (): Promise<void> => {
    await eventually('Skaffold waits for changes', patienceSeconds, () => {
      if (child.exitCode !== null) throw new Error(`Skaffold ended with ${child.exitCode}:\n${log.slice(-3000)}`);
      return log.split('Watching for changes').length - 1 > settled;
    });
    settled += 1;
  };
  return {
    name: 'skaffold dev',
    namespace,
    folder,
    start: settle,
    deploy: async (edit) => ({ training: await train(arena, folder, edit) }),
    settle,
    stop: async () => {
      if (child.exitCode === null) {
        child.kill('SIGKILL');
        await once(child, 'close');
      }
      forget();
    },
  };
}

function configuration({ cluster, peerBase }: LoopArena, image: string, objects: string): object {
  const artifact = { image, context: '.', docker: { dockerfile: 'Dockerfile', buildArgs: { BASE: peerBase } } };
  return {
    apiVersion: 'skaffold/v4beta13',
    kind: 'Config',
    metadata: { name: modelName },
    build: {
      insecureRegistries: [cluster.registry.host],
      artifacts: [artifact],
      tagPolicy: { inputDigest: {} },
      // BuildKit by way of it needs buildx, which few distributions have.
      local: { push: true, useBuildkit: false },
    },
    manifests: { rawYaml: [objects] },
    deploy: { kubectl: {} },
  };
}
