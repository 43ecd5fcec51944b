import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { DeployedModel } from '../../src/core/deployment';
import type { ImageContent, ImageTarget } from '../../src/core/target';
import { buildCli, cliProgram } from '../support/cli';
import { plainProject } from '../support/plainProject';
import { openWorkspace, type Workspace } from '../support/workspace';
import type { ClusterOptions } from '../testbed/kubernetes/cluster';
import { writeYaml } from '../testbed/kubernetes/files';
import { openDeployBench, type DeployBench } from './deployBench';
import { contentOf, quickDeploy, quickTarget, type QuickDeploy } from './releases';

const kinds = 'deployments,pods,services,serviceaccounts,configmaps,secrets,leases';

/** A cluster with the image of one model, which is deployed again and again under bad conditions. */
export interface HazardBench extends DeployBench {
  readonly workspace: Workspace;
  readonly content: ImageContent;
  deploy(options: Omit<QuickDeploy, 'content'>): Promise<DeployedModel>;
  target(namespace: string): Promise<ImageTarget>;
  kubectl(...args: string[]): Promise<string>;
  /** Names of all of Slipway's objects in a namespace. */
  ours(namespace: string): Promise<readonly string[]>;
  apply(...objects: readonly object[]): Promise<void>;
  /** Asserts that what was left of the model is listed, and that nothing is after it was cleaned up. */
  cleansUp(namespace: string, found: RegExp): Promise<void>;
  /** Where a verb of the command line looks. */
  where(namespace: string): readonly string[];
  /** Ends a command line without a chance to tidy up, when its deploy says something. */
  kill(namespace: string, when: RegExp): Promise<void>;
  close(): Promise<void>;
}

export async function openHazardBench(options: Partial<ClusterOptions> = {}): Promise<HazardBench> {
  await buildCli();
  const bench = await openDeployBench(options);
  const workspace = await openWorkspace(await bench.namespace('plain'));
  await workspace.deploy({ path: await workspace.writeProject('plain', plainProject()) });
  return hazardBench(bench, workspace, await contentOf(bench.cluster, 'plain', 'plain'));
}

function hazardBench(bench: DeployBench, workspace: Workspace, content: ImageContent): HazardBench {
  const { cluster } = bench;
  const { signal } = workspace;
  const kubectl = (...args: string[]): Promise<string> => cluster.kubectl(...args);
  const target = (namespace: string) => quickTarget(workspace, cluster, { namespace });
  const where = (namespace: string): readonly string[] => [
    ...['--target', `kubernetes:testbed/${namespace}`, '--kubeconfig', cluster.kubeconfig],
    ...['--home', workspace.home, '--json'],
  ];
  return {
    ...bench,
    workspace,
    content,
    deploy: (options) => quickDeploy(workspace, cluster, { content, ...options }),
    target,
    kubectl,
    where,
    ours: async (namespace) => {
      const names = await kubectl('get', kinds, '-n', namespace, '-l=app.kubernetes.io/managed-by=slipway', '-o=name');
      return names.split('\n').filter((name) => name !== '');
    },
    apply: async (...objects) => {
      await kubectl('apply', '-f', writeYaml(path.join(cluster.folder, 'hazard.yaml'), ...objects));
    },
    cleansUp: async (namespace, found) => {
      const opened = await target(namespace);
      const leftovers = (await opened.leftovers?.(signal)) ?? [];
      assert.deepEqual(
        leftovers.map(({ model }) => model),
        ['plain'],
      );
      assert.match(leftovers[0]?.found ?? '', found);
      await opened.cleanUp?.('plain', signal);
      assert.deepEqual(await opened.leftovers?.(signal), []);
    },
    kill: async (namespace, when) => {
      const args = ['deploy', '--image', content.image, '--port', '80', ...where(namespace)];
      const child = spawn(process.execPath, [cliProgram, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
      child.stdout.on('data', (chunk: Buffer) => {
        if (when.test(chunk.toString())) child.kill('SIGKILL');
      });
      const [, ended] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
      assert.equal(ended, 'SIGKILL');
    },
    close: async () => {
      assert.deepEqual(await workspace.close(), []);
      await cluster.stop();
    },
  };
}
