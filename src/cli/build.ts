import { Command } from 'commander';
import path from 'node:path';
import { UserError } from '../core/errors';
import { parseImageReference } from '../core/image';
import { buildImage, parseImageTarget, type ImageTarget } from '../pipeline/buildImage';
import { formatImagePlan } from '../pipeline/formatImagePlan';
import { planImageOnly } from '../pipeline/planImageOnly';
import { cliHost } from './host';
import type { CommonOptions, Verb } from './verb';

interface BuildOptions extends CommonOptions {
  readonly registry?: string;
  readonly base?: string;
  readonly platform?: string;
  readonly insecure?: boolean;
  readonly push?: boolean;
  readonly output?: string;
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
    .description('build a container image of a notebook project, without Docker')
    .argument('<path>', 'folder of the project, a notebook, or a model file')
    .option('--registry <host/repository>', 'where the image is pushed, optionally with a :tag')
    .option('--push', 'push it there')
    .option('--output <where>', 'write it to oci:DIR or docker:FILE instead')
    .option('--plan', 'only show what the image would hold')
    .option('--base <reference>', "base image with a Python 3; by default Python's official one")
    .option('--platform <os/architecture>', 'what the image runs on', 'linux/amd64')
    .option('--insecure', 'speak to the registry without encryption, or accept its certificate unseen')
    .option('--name <name>', 'name of the model; by default that of the project')
    .option('--no-byte-code', 'leave compiled modules out: a smaller image that starts more slowly')
    .option('--yes', 'agree to execute the notebook')
    .option('--retrain', 'execute the notebook although nothing changed')
    .option('--env-file <file>', 'read values of secrets from this file')
    .action((project: string, options: BuildOptions) =>
      run(options, async ({ services, output, signal }) => {
        const host = await cliHost(output, { yes: options.yes === true, envFile: options.envFile });
        const to = parseImageTarget(options.registry, options.output);
        const request = {
          path: path.resolve(project),
          insecure: options.insecure === true ? insecureHosts(to, options.base) : [],
          byteCode: options.byteCode,
          ...(options.name === undefined ? {} : { name: options.name }),
          ...(options.base === undefined ? {} : { base: options.base }),
          ...(options.platform === undefined ? {} : { platform: options.platform }),
        };
        if (options.plan === true) {
          const { plan } = await planImageOnly(services, host, { ...request, to }, signal);
          output.emit({ event: 'imagePlan', plan });
          output.say(formatImagePlan(plan));
          return;
        }
        const chosen = checkTarget(to, options);
        await buildImage(services, host, { ...request, to: chosen, retrain: options.retrain === true }, signal);
      }),
    );

/** @throws UserError UsageInvalid */
function checkTarget(to: ImageTarget | undefined, { registry, output, push }: BuildOptions): ImageTarget {
  if (registry !== undefined && output !== undefined) throw usage('Give --registry or --output, not both.');
  if (to === undefined) throw usage('Say where the image goes: --registry HOST/REPOSITORY --push, or --output.');
  if (to.kind === 'registry' && push !== true) throw usage('Add --push to push the image, or --plan to look first.');
  return to;
}

/** The flag speaks of the registry that is named, and of a base that lies there too or on this machine. */
function insecureHosts(to: ImageTarget | undefined, base: string | undefined): readonly string[] {
  const pushed = to?.kind === 'registry' ? [to.reference.registry] : [];
  const { registry } = base === undefined ? { registry: '' } : parseImageReference(base);
  return /^(localhost|127\.|\[::1\])/.test(registry) ? [...pushed, registry] : pushed;
}

function usage(label: string): UserError {
  return new UserError('UsageInvalid', 'The command does not say what to do with the image.', {
    remedy: { kind: 'hint', label },
  });
}
