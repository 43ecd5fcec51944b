import { Command } from 'commander';
import path from 'node:path';
import { parseImageReference } from '../core/image';
import type { BuilderName } from '../pipeline/chooseBuilder';
import type { ImageOptions } from '../pipeline/deployImage';
import { deployModel, type DeployModelRequest } from '../pipeline/deployModel';
import { renderManifests } from '../pipeline/renderManifests';
import { cliHost } from './host';
import { builderOption, insecureHosts } from './imageOptions';
import { positiveInteger } from './numbers';
import { addPlacementOptions, placementIn, type PlacementOptions } from './placement';
import type { CommonOptions, Verb } from './verb';

interface DeployOptions extends CommonOptions, PlacementOptions {
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
}

/** `slipway deploy PATH`: the whole way from a notebook to an endpoint that answered. */
export const deployCommand: Verb = (run) =>
  addPlacementOptions(new Command('deploy'))
    .description('deploy the model of a notebook project')
    .argument('<path>', 'folder of the project, a notebook, or a model file')
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
    .option('--insecure', 'speak to the registry without encryption, or accept its certificate unseen')
    .action((project: string, options: DeployOptions) =>
      run(options, async ({ services, output, target, signal }) => {
        const host = await cliHost(output, { yes: options.yes === true, envFile: options.envFile });
        const request = requestOf(project, target, options);
        if (options.render === undefined) await deployModel(services, host, request, signal);
        else {
          const folder = path.resolve(options.render);
          const files = await renderManifests(services, host, { ...request, folder }, signal);
          output.emit({ event: 'rendered', folder, files });
        }
      }),
    );

function requestOf(project: string, target: string, options: DeployOptions): DeployModelRequest {
  const { name, replicas, port, timeout } = options;
  const config = placementIn(options);
  return {
    path: path.resolve(project),
    target,
    ...(name === undefined ? {} : { name }),
    ...(replicas === undefined ? {} : { replicas }),
    ...(port === undefined ? {} : { port }),
    ...(timeout === undefined ? {} : { readyTimeoutSeconds: timeout }),
    ...(config === undefined ? {} : { config }),
    retrain: options.retrain === true,
    image: imageOptions(options),
  };
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
