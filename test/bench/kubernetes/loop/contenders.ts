import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { cliProgram } from '../../../support/cli';
import { requireProgram } from '../../../testbed/program';
import { writeYaml } from '../../../testbed/kubernetes/files';
import { runTimed } from '../../images/runTimed';
import { pathWith } from '../../local/uv';
import type { LoopArena } from './arena';
import { notebook, writeByHand, writeOurs, type Edit } from './project';

/** One way from an edited project to a new release on the cluster; each has a namespace of its own. */
export interface Contender {
  readonly name: string;
  readonly namespace: string;
  /** Where the edits go. */
  readonly folder: string;
  /** Deploys it the first time, which pulls and installs everything. */
  start(): Promise<void>;
  /** What a person does after an edit. @returns how long the notebook was executed, in milliseconds, and other stages */
  deploy(edit: Edit): Promise<Stages>;
  /** Resolves once nothing of the last deploy is under way. */
  settle(): Promise<void>;
  stop(): Promise<void>;
}

export interface Stages {
  readonly training: number;
  readonly [stage: string]: number;
}

export const modelName = 'flowers';

/** `slipway deploy`. */
export async function slipwayContender(arena: LoopArena): Promise<Contender> {
  const { cluster, base, root, uv } = arena;
  const namespace = 'slipway';
  const folder = await writeOurs(root);
  await cluster.kubectl('create', 'namespace', namespace);
  const args = [
    ...[cliProgram, 'deploy', folder, '--target', `kubernetes:testbed/${namespace}`, '--name', modelName],
    ...['--kubeconfig', cluster.kubeconfig, '--registry', `${cluster.registry.host}/${namespace}/${modelName}`],
    ...['--base', base, '--insecure', '--yes', '--json', '--home', path.join(root, 'home')],
  ];
  const env = { ...process.env, PATH: pathWith(uv) };
  const deploy = async (): Promise<Stages> => {
    const { stdout, ms } = await runTimed(process.execPath, args, env);
    const { train = 0, ...steps } = stepsIn(stdout);
    const told = Object.values(steps).reduce((sum, one) => sum + one, train);
    return { training: train, ...steps, 'start and end': ms - told };
  };
  return {
    name: 'Slipway',
    namespace,
    folder,
    start: async () => {
      await deploy();
    },
    deploy,
    settle: () => Promise.resolve(),
    stop: () => Promise.resolve(),
  };
}

/** Milliseconds by step; steps of one name are added up. */
function stepsIn(stdout: string): Readonly<Record<string, number>> {
  const steps: Record<string, number> = {};
  for (const line of stdout.trim().split('\n')) {
    const {
      event,
      state,
      step = '',
      ms = 0,
    } = JSON.parse(line) as Partial<Readonly<Record<string, string>>> & {
      readonly ms?: number;
    };
    if (event === 'step' && state === 'done') steps[step] = (steps[step] ?? 0) + ms;
  }
  return steps;
}

/** `docker build`, `docker push`, `kubectl set image` and `kubectl rollout status`, with the notebook executed before. */
export async function dockerContender(arena: LoopArena): Promise<Contender> {
  const { cluster, peerBase } = arena;
  const namespace = 'docker';
  const folder = await writeByHand(arena.root, namespace);
  const docker = requireProgram('docker');
  const env = { ...process.env, DOCKER_HOST: `unix://${arena.engine.socket}`, DOCKER_BUILDKIT: '1' };
  let round = 0;
  const build = async (): Promise<Readonly<Record<string, number>>> => {
    round += 1;
    const image = `${cluster.registry.host}/${namespace}/${modelName}:${String(round)}`;
    const words = ['build', '-q', '--build-arg', `BASE=${peerBase}`, '-t', image, folder];
    const { ms: built } = await runTimed(docker, words, env);
    const { ms: pushed } = await runTimed(docker, ['push', '-q', image], env);
    await cluster.kubectl('-n', namespace, 'set', 'image', `deployment/${modelName}`, `web=${image}`);
    return { build: built, push: pushed };
  };
  const settle = async (): Promise<void> => {
    await cluster.kubectl('-n', namespace, 'rollout', 'status', `deployment/${modelName}`, '--timeout=120s');
  };
  return {
    name: 'docker build, push, kubectl set image',
    namespace,
    folder,
    start: async () => {
      await applyObjects(arena, namespace, 'nothing:yet');
      await train(arena, folder, 'train');
      await build();
      await settle();
    },
    deploy: async (edit) => ({ training: await train(arena, folder, edit), ...(await build()) }),
    settle,
    stop: () => Promise.resolve(),
  };
}

/** Executes the notebook of a project by hand, unless only the server was edited. @returns milliseconds */
export async function train({ jupyter }: LoopArena, folder: string, edit: Edit): Promise<number> {
  if (edit === 'predict') return 0;
  return (await runTimed(jupyter, ['execute', notebook], process.env, folder)).ms;
}

/** The objects of a person's own model, in a namespace of their own. @returns their file */
export async function applyObjects({ cluster, root }: LoopArena, namespace: string, image: string): Promise<string> {
  const labels = { app: modelName };
  const metadata = { name: modelName, namespace };
  const web = {
    name: 'web',
    image,
    ports: [{ containerPort: 8080 }],
    // As often as Slipway has it asked: by default it would be every ten seconds.
    readinessProbe: { httpGet: { path: '/health', port: 8080 }, periodSeconds: 1 },
  };
  const objects = [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: {
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [web], terminationGracePeriodSeconds: 5 } },
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { type: 'NodePort', selector: labels, ports: [{ port: 80, targetPort: 8080 }] },
    },
  ];
  await mkdir(path.join(root, 'objects'), { recursive: true });
  const file = writeYaml(path.join(root, 'objects', `${namespace}.yaml`), ...objects);
  await cluster.kubectl('apply', '-f', file);
  return file;
}
