import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { stringify } from 'yaml';
import { kubernetesBinaries } from '../../testbed/kubernetes/binaries';
import { requireProgram } from '../../testbed/program';
import { forgetImages, type Arena, type Contender } from './contenders';
import { cachedUv } from './dockerfiles';
import { runTimed } from './runTimed';

/** `skaffold build` of the Dockerfile that is the quickest of those for BuildKit. @throws Error where Skaffold cannot be built */
export async function skaffoldContender(arena: Arena, base: string): Promise<Contender> {
  const skaffold = path.join(await kubernetesBinaries('skaffold', console.log), 'skaffold');
  const folder = path.join(arena.root, 'skaffold');
  const dockerfile = path.join(folder, 'Dockerfile');
  const file = path.join(folder, 'skaffold.yaml');
  const config = path.join(folder, 'config');
  const cache = path.join(folder, 'cache');
  await mkdir(folder);
  await writeFile(dockerfile, cachedUv);
  await writeFile(config, stringify({ global: { survey: { 'disable-prompt': true }, 'collect-metrics': false } }));
  // It starts the first docker that it finds.
  const search = [path.dirname(requireProgram('docker')), process.env['PATH'] ?? ''].join(path.delimiter);
  const env = { ...process.env, PATH: search, DOCKER_HOST: `unix://${arena.engine.socket}`, KUBECONFIG: '/dev/null' };
  const words = ['build', '-q', '-f', file, '--tag', 'latest', '--config', config, '--cache-file', cache];
  return {
    name: 'Skaffold, BuildKit and uv with a cache mount',
    reset: async () => {
      await rm(cache, { force: true });
      await forgetImages(arena, base);
    },
    build: async (repository) => {
      const image = `${arena.reached}/${repository}`;
      await writeFile(file, stringify(configuration(arena, { image, dockerfile, base })));
      const timed = await runTimed(skaffold, [...words, '--update-check=false'], env);
      return { ...timed, image: `${image}:latest` };
    },
  };
}

function configuration(
  { project, reached }: Arena,
  { image, dockerfile, base }: { readonly image: string; readonly dockerfile: string; readonly base: string },
): object {
  return {
    apiVersion: 'skaffold/v4beta13',
    kind: 'Config',
    build: {
      insecureRegistries: [reached],
      artifacts: [{ image, context: project, docker: { dockerfile, buildArgs: { BASE: base } } }],
      local: { push: true, useBuildkit: true },
    },
  };
}
