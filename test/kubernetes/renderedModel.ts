import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parse } from 'yaml';
import { renderManifests } from '../../src/pipeline/renderManifests';
import { makeServices } from '../../src/pipeline/services';
import { writeManifests } from '../../src/pipeline/writeManifests';
import { plainProject } from '../support/plainProject';
import { recordingHost } from '../support/recordingHost';
import { openWorkspace, type Workspace, type WorkspaceOptions } from '../support/workspace';
import type { DeployBench } from './deployBench';

interface KubernetesObject {
  readonly kind: string;
  readonly metadata: Readonly<Record<string, unknown>> & { readonly name: string };
}

const kinds = 'deployments,services,serviceaccounts,configmaps,poddisruptionbudgets';

/** A model that somebody else applies from files. */
export function describeRenderedModel(bench: () => DeployBench): void {
  describe('A model from files', { timeout: 10 * 60_000 }, () => {
    let options: WorkspaceOptions;
    let workspace: Workspace;
    let project: string;
    let folder: string;
    before(async () => {
      options = await bench().namespace('rendered');
      workspace = await openWorkspace(options);
      project = await workspace.writeProject('doubled', plainProject([], { 'slipway.yaml': 'replicas: 2\n' }));
      folder = path.join(workspace.root, 'manifests');
    });
    after(async () => {
      assert.deepEqual(await workspace.close(), []);
    });

    it('is written without a connection to the cluster', async () => {
      let connections = 0;
      const server = createServer((socket) => {
        connections += 1;
        socket.destroy();
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const kubeconfig = path.join(workspace.root, 'kubeconfig');
      const services = makeServices({ ...workspace.services.context, kubeconfig });
      try {
        const text = await readFile(bench().cluster.kubeconfig, 'utf8');
        const { port } = server.address() as AddressInfo;
        await writeFile(kubeconfig, text.replace(/server: \S+/, `server: https://127.0.0.1:${String(port)}`));
        const image = options.image?.('doubled');
        const request = { path: project, target: options.target, folder, ...(image === undefined ? {} : { image }) };
        const files = await renderManifests(services, recordingHost(), request, workspace.signal);
        assert.ok(files.includes('kustomization.yaml') && files.includes('poddisruptionbudget.yaml'));
        assert.equal(connections, 0);
      } finally {
        services.close();
        server.close();
      }
    });

    it('answers when kubectl has applied them', async () => {
      await bench().cluster.kubectl('apply', '-k', folder);
      await bench().cluster.kubectl('-n', 'rendered', 'rollout', 'status', 'deployment/doubled', '--timeout=90s');
      assert.deepEqual(await workspace.predict('doubled', { inputs: [1, 2.5] }), [2, 5]);
      const model = await workspace.model('doubled');
      assert.deepEqual([model?.phase, model?.version, model?.replicas.desired], ['Ready', 1, 2]);
    });

    it('is field by field what a deploy makes, and what Export Manifests writes', async () => {
      const applied = await objects();
      const written = path.join(workspace.root, 'exported');
      await writeManifests(written, (await (await workspace.target()).manifests?.('doubled', workspace.signal)) ?? []);
      for (const file of ['deployment.yaml', 'service.yaml', 'serviceaccount.yaml', 'poddisruptionbudget.yaml'])
        assert.deepEqual(
          parse(await readFile(path.join(written, file), 'utf8')),
          parse(await readFile(path.join(folder, file), 'utf8')),
        );
      await (await workspace.target()).remove('doubled', workspace.signal);
      assert.deepEqual(await objects(), []);
      await workspace.deploy({ path: project });
      assert.deepEqual(await objects(), applied);
    });

    /** What was asked for and what the cluster made of it, without what tells one object of that content from another. */
    async function objects(): Promise<readonly unknown[]> {
      const text = await bench().cluster.kubectl(
        'get',
        kinds,
        '-n',
        'rendered',
        '-l',
        'slipway.dev/model=doubled',
        '-o=json',
      );
      const { items } = JSON.parse(text) as { readonly items: readonly KubernetesObject[] };
      return items.map((object) => {
        const { kind, metadata, ...rest } = object as KubernetesObject & Readonly<Record<string, unknown>>;
        const {
          name,
          labels,
          annotations = {},
        } = metadata as KubernetesObject['metadata'] & {
          readonly annotations?: Readonly<Record<string, string>>;
        };
        const own = Object.entries(annotations).filter(
          ([key]) => !/^(kubectl|deployment)\.kubernetes\.io|outcome$/.test(key),
        );
        const { spec, data, automountServiceAccountToken } = rest;
        const asked = Object.entries(spec ?? {}).filter(([key]) => !key.startsWith('clusterIP'));
        const release = Object.entries((data ?? {}) as Readonly<Record<string, string>>).map(([key, value]) => [
          key,
          value.replace(/"createdAt": "[^"]*"/, ''),
        ]);
        return {
          kind,
          name,
          labels,
          annotations: Object.fromEntries(own),
          asked,
          release,
          automountServiceAccountToken,
        };
      });
    }
  });
}
