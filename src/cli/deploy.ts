import { Command, Option } from 'commander';
import path from 'node:path';
import type { DeployHost } from '../core/deploy';
import { UserError } from '../core/errors';
import type { Exposure } from '../core/exposure';
import { parseImageReference } from '../core/image';
import type { BuilderName } from '../pipeline/chooseBuilder';
import type { ImageOptions } from '../pipeline/deployImage';
import { deployModel, type DeployModelRequest } from '../pipeline/deployModel';
import { deployRelease, releaseChanges, type DeployReleaseRequest } from '../pipeline/deployRelease';
import { renderManifests } from '../pipeline/renderManifests';
import { projectChanges } from '../pipeline/showChanges';
import { tellChanges } from './dryRun';
import { cliHost } from './host';
import { builderOption, insecureHosts } from './imageOptions';
import { positiveInteger } from './numbers';
import { addExposureOptions, exposureIn, type ExposureOptions } from './exposure';
import { addPlacementOptions, placementIn, type PlacementOptions } from './placement';
import { takeOverOption, type CliContext, type CommonOptions, type Verb } from './verb';

interface DeployOptions extends CommonOptions, PlacementOptions, ExposureOptions {
  readonly image?: string;
  readonly name?: string;
  readonly yes?: boolean;
  readonly retrain?: boolean;
  readonly replicas?: number;
  readonly port?: number;
  readonly envFile?: string;
  readonly timeout?: number;
  readonly registry?: string;
  readonly base?: string;
  readonly platform?: string;
  readonly builder?: BuilderName;
  readonly insecure?: boolean;
  readonly render?: string;
  readonly dryRun?: string;
  readonly createPullSecret?: boolean;
}

/** `slipway deploy PATH`: the whole way from a notebook to an endpoint that answered. */
export const deployCommand: Verb = (run) =>
  addExposureOptions(addPlacementOptions(new Command('deploy')))
    .description('deploy the model of a notebook project')
    .argument('[path]', 'folder of the project, a notebook, or a model file')
    .option(
      '--image <digest>',
      'instead of a project, a release that was made already: sha256:… or HOST/REPOSITORY@sha256:…',
    )
    .option('--name <name>', 'name of the model; by default that of the project')
    .option('--yes', 'agree to execute the notebook')
    .option('--retrain', 'execute the notebook although nothing changed')
    .option('--replicas <n>', 'how many processes or pods answer', positiveInteger)
    .option('--port <port>', 'port of the endpoint', positiveInteger)
    .option('--env-file <file>', 'read values of secrets from this file')
    .option('--timeout <seconds>', 'how long the model may take to become ready', positiveInteger)
    .option('--registry <host/repository>', 'where a cluster pulls the image from; it is pushed there')
    .option('--base <reference>', "base image with a Python 3; by default Python's official one")
    .option('--platform <os/architecture>', "what the image runs on; by default what the cluster's nodes are")
    .addOption(builderOption())
    .option('--render <dir>', 'write the objects of a first release there and leave the cluster alone')
    .addOption(
      new Option('--dry-run <where>', 'show what the cluster would make of the deploy, and write nothing').choices([
        'server',
      ]),
    )
    .option(
      '--create-pull-secret',
      "let the cluster's nodes pull with the credential of this machine, if they need one",
    )
    .option('--insecure', 'speak to the registry without encryption, or accept its certificate unseen')
    .addOption(takeOverOption())
    .action((project: string | undefined, options: DeployOptions) =>
      run(options, async ({ services, output, target, signal }) => {
        const { yes = false, envFile, createPullSecret = false } = options;
        const host = await cliHost(output, { yes, envFile, createPullSecret });
        const common = { target, ...rolloutOptions(options) };
        const { image, dryRun } = options;
        const work = { services, host, output, signal };
        if ((image === undefined) === (project === undefined)) throw usage();
        if (project === undefined) await deployImage(work, { ...common, ...imageIn(options) }, dryRun);
        else {
          const retrain = options.retrain === true;
          const built = { retrain, image: imageOptions(options), ...configOf(options) };
          await deployProject(work, { ...common, path: path.resolve(project), ...built }, options);
        }
      }),
    );

interface Work extends Omit<CliContext, 'target'> {
  readonly host: DeployHost;
}

async function deployImage(
  { services, host, output, signal }: Work,
  request: DeployReleaseRequest,
  dryRun: string | undefined,
): Promise<void> {
  if (dryRun === undefined) await deployRelease(services, host, request, signal);
  else tellChanges(output, await releaseChanges(services, host, request, signal));
}

async function deployProject(
  { services, host, output, signal }: Work,
  request: DeployModelRequest,
  { dryRun, render }: DeployOptions,
): Promise<void> {
  if (dryRun !== undefined) {
    tellChanges(output, await projectChanges(services, host, request, signal));
  } else if (render === undefined) {
    await deployModel(services, host, request, signal);
  } else {
    const folder = path.resolve(render);
    const files = await renderManifests(services, host, { ...request, folder }, signal);
    output.emit({ event: 'rendered', folder, files });
  }
}

function rolloutOptions({ name, replicas, port, timeout }: DeployOptions) {
  return {
    ...(name === undefined ? {} : { name }),
    ...(replicas === undefined ? {} : { replicas }),
    ...(port === undefined ? {} : { port }),
    ...(timeout === undefined ? {} : { readyTimeoutSeconds: timeout }),
  };
}

function imageIn(options: DeployOptions): Pick<DeployReleaseRequest, 'image' | 'insecure' | 'exposure'> {
  const { image = '', insecure } = options;
  return { image, insecure: () => insecure === true, ...exposureOf(options) };
}

function usage(): UserError {
  return new UserError('UsageInvalid', 'The command does not say what is deployed.', {
    remedy: { kind: 'hint', label: 'Give either the path of a project, or --image with the digest of a release.' },
  });
}

function configOf(options: DeployOptions): Pick<DeployModelRequest, 'config'> {
  const [placed, expose] = [placementIn(options), exposureIn(options)];
  if (expose === undefined) return placed === undefined ? {} : { config: placed };
  return { config: { ...placed, expose } };
}

function exposureOf(options: DeployOptions): { readonly exposure?: Exposure } {
  const said = exposureIn(options);
  return said === undefined ? {} : { exposure: { kind: 'service', ...said } };
}

function imageOptions(options: DeployOptions): ImageOptions {
  const { registry, base, platform, builder, insecure } = options;
  const reference = registry === undefined ? undefined : parseImageReference(registry);
  return {
    reference,
    insecure: insecure === true ? insecureHosts(reference, base) : [],
    ...(base === undefined ? {} : { base }),
    ...(platform === undefined ? {} : { platform }),
    ...(builder === undefined ? {} : { builder }),
  };
}
