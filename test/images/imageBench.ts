import assert from 'node:assert/strict';
import { buildImage, type BuildImageRequest } from '../../src/pipeline/buildImage';
import { parseImageTarget } from '../../src/pipeline/imageTarget';
import type { BuiltImage } from '../../src/core/deploy';
import { pushBase } from '../testbed/docker/baseImage';
import { startEngine, type TestEngine } from '../testbed/docker/engine';
import { startRegistry, type TestRegistry } from '../testbed/docker/registry';
import { recordingHost, type RecordingHost } from '../support/recordingHost';
import { openWorkspace, type Workspace } from '../support/workspace';

/** A registry with a base image, an engine that pulls from it, and a home to build in. */
export interface ImageBench {
  readonly workspace: Workspace;
  readonly registry: TestRegistry;
  readonly engine: TestEngine;
  /** The base image's reference. */
  readonly base: string;
  /** Builds and pushes to `models/NAME`, or writes to an output. */
  build(folder: string, to: string, options?: BuildOptions): Promise<BuiltImage>;
  /** An image of the registry as the engine names it. */
  seenByEngine(image: string): string;
  close(): Promise<void>;
}

export interface BuildOptions extends Partial<
  Pick<BuildImageRequest, 'base' | 'builder' | 'byteCode' | 'name' | 'platform' | 'retrain'>
> {
  readonly workspace?: Workspace;
  readonly host?: RecordingHost;
}

export async function openImageBench(): Promise<ImageBench> {
  const registry = await startRegistry();
  const engine = await startEngine();
  const workspace = await openWorkspace({ target: 'local' });
  const base = await pushBase(registry.host, process.env['SLIPWAY_TEST_BASE'] ?? '');
  const reached = await engine.reach(registry.port);
  return {
    workspace,
    registry,
    engine,
    base,
    build: (folder, to, { workspace: home = workspace, host = recordingHost(), ...chosen } = {}) => {
      const target = /^(oci|docker):/.test(to)
        ? parseImageTarget(undefined, to)
        : parseImageTarget(`${registry.host}/${to}`, undefined);
      assert.ok(target);
      const { services, signal } = home;
      const request = { path: folder, to: target, base, insecure: [registry.host], byteCode: true, retrain: false };
      return buildImage(services, host, { ...request, ...chosen }, signal);
    },
    seenByEngine: (image) => image.replace(registry.host, reached),
    close: async () => {
      await engine.stop();
      await registry.stop();
      assert.deepEqual(await workspace.close(), [], 'processes outlived the removal of all models');
    },
  };
}
