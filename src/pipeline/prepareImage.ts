import path from 'node:path';
import { gpuOfTensors } from '../build/cudaTensors';
import type { Base } from '../build/image/openBase';
import type { Bundle } from '../core/bundle';
import type { DeployHost } from '../core/deploy';
import { UserError } from '../core/errors';
import type { Platform } from '../core/image';
import type { Project } from '../core/project';
import { planFiles, type FilePlan } from '../project/planFiles';
import { freeSpaceIsOver } from './freeSpace';
import { furtherBases, onBase, type Registries } from './imageBase';
import { beginOnBase } from './beginOnBase';
import { makeArtifact, type Made } from './makeArtifact';
import { packageModel } from './packageModel';
import { collectSecrets } from './secrets';
import type { Services } from './services';

/** What an image is made for. */
export interface ImageOrder {
  readonly project: Project;
  readonly name: string;
  /** Base image; by default Python's official one. */
  readonly base: string | undefined;
  readonly platform: Platform;
  /** Platforms beside that one, on bases with the same Python. */
  readonly further: readonly Platform[];
  /** For the plan. */
  readonly destination: string;
  readonly retrain: boolean;
  /** Whether byte code of the base's standard library will be wanted on this machine. */
  readonly byteCode: boolean;
}

/** A bundle and the base that it goes onto. */
export interface PreparedImage {
  readonly base: Base;
  /** Of the further platforms. */
  readonly further: readonly Base[];
  readonly made: Made;
  /** Folder of the server's own files. */
  readonly server: string;
  readonly bundle: Bundle;
  readonly leftOut: FilePlan['leftOut'];
  /** Settles when what was begun of the layers meanwhile is made. Never rejects. */
  readonly begun: Promise<void>;
}

/** An image that was built. */
export interface MadeImage {
  /** By digest where it was pushed, else the folder or file that holds it. */
  readonly image: string;
  /** What it holds; undefined for a Dockerfile that the user wrote. */
  readonly prepared: PreparedImage | undefined;
}

/**
 * The same steps as a deploy up to the bundle, for the Python of a base image. The kernel of the training may still be
 * ending, and byte code be compiled: await `made.ended` before all is done.
 */
export async function prepareImage(
  services: Services,
  host: DeployHost,
  registries: Registries,
  order: ImageOrder,
  signal: AbortSignal,
): Promise<PreparedImage> {
  const { name, destination, retrain } = order;
  const { base, project } = await onBase(services, host, registries, order, signal);
  const further = await furtherBases(services, base, order.further, signal);
  const secrets = await collectSecrets(host, project.config.secrets ?? [], signal);
  await freeSpaceIsOver(services.home, signal);
  const job = { project, retrain, destination, name, secrets, replicas: 1 };
  const work = beginOnBase(services, { base, project, platform: order.platform, byteCode: order.byteCode }, signal);
  const artifact = await makeArtifact(services, host, job, signal).catch(async (error: unknown) => {
    await work.stop();
    throw error;
  });
  await work.asked;
  const made = { ...artifact, ended: Promise.all([artifact.ended, work.compiled]).then(() => undefined) };
  return whileEnding(made, async () => {
    await refuseGpuTensors(project, made, signal);
    const server = await services.runtime(signal);
    const { files, leftOut } = await planFiles(project, signal);
    const packaging = { name, project, solved: made.solved, server, record: made.record, files };
    const bundle = await packageModel(services, host, packaging, signal);
    return { base, further, made, server, bundle, leftOut, begun: work.compiled };
  });
}

/** Goes on while the kernel still ends. What fails leaves nothing of the training running. */
export async function whileEnding<T>({ ended }: Pick<Made, 'ended'>, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    await ended;
    throw error;
  }
}

/** An image for the processor cannot load tensors of a GPU. @throws UserError SnapshotNeedsGpu */
async function refuseGpuTensors({ config }: Project, { record }: Made, signal: AbortSignal): Promise<void> {
  const { accelerator = 'cpu' } = config;
  if (record === undefined || accelerator !== 'cpu') return;
  const device = await gpuOfTensors(path.join(record.artifact, 'snapshot.pkl'), signal);
  if (device === undefined) return;
  throw new UserError(
    'SnapshotNeedsGpu',
    `What predict refers to holds tensors on ${device}, and the image is for the processor, where they cannot be loaded.`,
    {
      remedy: {
        kind: 'hint',
        label:
          'Move the model to the processor in the last cell, for example with model.cpu(), or set accelerator in slipway.yaml to a version of CUDA such as cu126.',
      },
    },
  );
}
