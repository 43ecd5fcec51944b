import { Command } from 'commander';
import path from 'node:path';
import { UserError } from '../core/errors';
import { buildImage } from '../pipeline/buildImage';
import type { BuilderName } from '../pipeline/chooseBuilder';
import { formatImagePlan } from '../pipeline/formatImagePlan';
import { parseImageTarget, type ImageTarget } from '../pipeline/imageTarget';
import { planImageOnly } from '../pipeline/planImageOnly';
import { cliHost } from './host';
import { builderOption, insecureHosts } from './imageOptions';
import type { CommonOptions, Verb } from './verb';

interface BuildOptions extends CommonOptions {
  readonly registry?: string;
  readonly base?: string;
  readonly platform?: string;
  readonly insecure?: boolean;
  readonly push?: boolean;
  readonly output?: string;
  readonly exportDockerfile?: string;
  readonly builder?: BuilderName;
  readonly plan?: boolean;
  readonly name?: string;
  readonly yes?: boolean;
  readonly retrain?: boolean;
  readonly byteCode: boolean;
  readonly envFile?: string;
}

/** `slipway build PATH`: the whole way from a notebook to an image in a registry. */
export const buildCommand: Verb = (run) =>
  new Command('build')
    .description('build a container image of a project; a notebook or model needs no Docker')
    .argument('<path>', 'folder of the project, a notebook, or a model file')
    .option('--registry <host/repository>', 'where the image is pushed, optionally with a :tag')
    .option('--push', 'push it there')
    .option('--output <where>', 'write it to oci:DIR or docker:FILE instead')
    .option('--export-dockerfile <dir>', 'write a Dockerfile with what it needs to a new folder instead')
    .addOption(builderOption())
    .option('--plan', 'only show what the image would hold')
    .option('--base <reference>', "base image with a Python 3; by default Python's official one")
    .option('--platform <os/architecture>', 'what the image runs on; several with commas', 'linux/amd64')
    .option('--insecure', 'speak to the registry without encryption, or accept its certificate unseen')
    .option('--name <name>', 'name of the model; by default that of the project')
    .option('--no-byte-code', 'leave compiled modules out: a smaller image that starts more slowly')
    .option('--yes', 'agree to execute the notebook')
    .option('--retrain', 'execute the notebook although nothing changed')
    .option('--env-file <file>', 'read values of secrets from this file')
    .action((project: string, options: BuildOptions) =>
      run(options, async ({ services, output, signal }) => {
        const host = await cliHost(output, { yes: options.yes === true, envFile: options.envFile });
        const to = targetOf(options);
        const request = {
          path: path.resolve(project),
          insecure:
            options.insecure === true
              ? insecureHosts(to?.kind === 'registry' ? to.reference : undefined, options.base)
              : [],
          byteCode: options.byteCode,
          ...(options.name === undefined ? {} : { name: options.name }),
          ...(options.builder === undefined ? {} : { builder: options.builder }),
          ...(options.base === undefined ? {} : { base: options.base }),
          ...(options.platform === undefined ? {} : { platform: options.platform }),
        };
        if (options.plan === true) {
          const { plans } = await planImageOnly(services, host, { ...request, to }, signal);
          for (const plan of plans) {
            output.emit({ event: 'imagePlan', plan });
            output.say(formatImagePlan(plan));
          }
          return;
        }
        const chosen = checkTarget(to, options);
        await buildImage(services, host, { ...request, to: chosen, retrain: options.retrain === true }, signal);
      }),
    );

/** @throws UserError UsageInvalid */
function targetOf({ registry, output, exportDockerfile }: BuildOptions): ImageTarget | undefined {
  const named = [registry, output, exportDockerfile].filter((one) => one !== undefined);
  if (named.length > 1) throw usage('Give one of --registry, --output and --export-dockerfile.');
  if (exportDockerfile !== undefined) return { kind: 'dockerfile', path: path.resolve(exportDockerfile) };
  return parseImageTarget(registry, output);
}

/** @throws UserError UsageInvalid */
function checkTarget(to: ImageTarget | undefined, { push }: BuildOptions): ImageTarget {
  if (to === undefined)
    throw usage('Say where the image goes: --registry HOST/REPOSITORY --push, --output or --export-dockerfile.');
  if (to.kind === 'registry' && push !== true) throw usage('Add --push to push the image, or --plan to look first.');
  return to;
}

function usage(label: string): UserError {
  return new UserError('UsageInvalid', 'The command does not say what to do with the image.', {
    remedy: { kind: 'hint', label },
  });
}
