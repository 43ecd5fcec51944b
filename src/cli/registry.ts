import { Argument, Command } from 'commander';
import { checkPush } from '../clients/registry/check';
import { Registry } from '../clients/registry/connection';
import { UserError } from '../core/errors';
import { parseImageReference } from '../core/image';
import type { ListPage } from '../core/registry';
import { deleteTag } from '../pipeline/deleteTag';
import { RegistryExplorer } from '../pipeline/exploreRegistry';
import { formatBytes } from '../pipeline/formatPlan';
import type { CliContext, CommonOptions, Verb } from './verb';

interface RegistryOptions extends CommonOptions {
  readonly insecure?: boolean;
  readonly digest?: string;
}

type Action = (context: CliContext, where: string, options: RegistryOptions) => Promise<void>;

const actions: Readonly<Record<string, Action>> = { check, repositories, tags, 'delete-tag': removeTag };

/** `slipway registry ACTION WHERE`: what the editor's Choose Registry and Registries view do. */
export const registryCommand: Verb = (run) =>
  new Command('registry')
    .description('check a registry, list what Slipway pushed to it, delete a tag')
    .addArgument(new Argument('<action>', 'what to do').choices(Object.keys(actions)))
    .argument('<where>', 'HOST for repositories, HOST/REPOSITORY to check or for tags, HOST/REPOSITORY:TAG to delete')
    .option('--insecure', 'speak to the registry without encryption, or accept its certificate unseen')
    .option(
      '--digest <digest>',
      'delete the tag only while it names this image, which goes with all of its tags where the registry cannot delete a tag alone',
    )
    .action((action: string, where: string, options: RegistryOptions) =>
      run(options, async (context) => actions[action]?.(context, where, options)),
    );

/** Whether a push would be taken now, with the credentials that Docker has. */
async function check({ output, signal }: CliContext, where: string, options: RegistryOptions): Promise<void> {
  const { registry, repository } = parseImageReference(where);
  await checkPush(new Registry(registry, { insecure: options.insecure === true }), { repository }, signal);
  output.emit({ event: 'registry', registry, accepts: true });
  output.say(`${registry} takes pushes to ${repository}.`);
}

async function repositories(context: CliContext, host: string, options: RegistryOptions): Promise<void> {
  const explorer = explorerFor(context, host, options);
  const read = (next: string | undefined) => explorer.repositories(host, next, context.signal);
  for await (const { items, note } of pages(read)) {
    for (const one of items) {
      context.output.emit({ event: 'repository', registry: host, ...one });
      context.output.say(`${one.name}  ${one.model ?? '-'}  ${one.project ?? '-'}`);
    }
    if (note !== undefined) context.output.say(`Other repositories are not listed: ${note}`);
  }
}

async function tags(context: CliContext, where: string, options: RegistryOptions): Promise<void> {
  const { registry, repository } = parseImageReference(where);
  const explorer = explorerFor(context, registry, options);
  const read = (next: string | undefined) => explorer.tags(registry, repository, next, context.signal);
  for await (const { items } of pages(read))
    for (const one of items) {
      context.output.emit({ event: 'tag', registry, repository, ...one });
      const bytes = one.layers.reduce((sum, layer) => sum + layer.bytes, 0);
      context.output.say(`${one.tag}  ${one.digest}  ${formatBytes(bytes)}  ${one.model ?? '-'}`);
    }
}

/** The digest is the consent: whoever names it knows what goes. @throws UserError UsageInvalid */
async function removeTag(context: CliContext, where: string, options: RegistryOptions): Promise<void> {
  const { registry, repository, tag } = parseImageReference(where);
  const { digest } = options;
  if (tag === undefined || digest === undefined) {
    throw new UserError('UsageInvalid', 'The command does not say which image is deleted.', {
      remedy: { kind: 'hint', label: 'Name HOST/REPOSITORY:TAG and --digest sha256:…, which `registry tags` shows.' },
    });
  }
  const insecure = options.insecure === true ? [registry] : [];
  const confirmImage = (): Promise<boolean> => Promise.resolve(true);
  await deleteTag(context.services, { registry, repository, tag, digest, insecure, confirmImage }, context.signal);
  context.output.emit({ event: 'deleted', registry, repository, tag, digest });
  context.output.say(`${where} was deleted.`);
}

function explorerFor({ services }: CliContext, host: string, options: RegistryOptions): RegistryExplorer {
  return new RegistryExplorer(services, options.insecure === true ? [host] : []);
}

async function* pages<Item>(
  read: (next: string | undefined) => Promise<ListPage<Item>>,
): AsyncGenerator<ListPage<Item>> {
  let next: string | undefined;
  do {
    const page = await read(next);
    yield page;
    ({ next } = page);
  } while (next !== undefined);
}
