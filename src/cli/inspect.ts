import { Command } from 'commander';
import path from 'node:path';
import { inspectOnly } from '../pipeline/inspect';
import { describeEntry } from '../pipeline/planDeploy';
import type { CommonOptions, Verb } from './verb';

/** `slipway inspect PATH`: what was learned of a project, without running anything of it. */
export const inspectCommand: Verb = (run) =>
  new Command('inspect')
    .description('show what a project holds and what stands in the way; runs nothing of it')
    .argument('<path>', 'folder of the project, a notebook, or a model file')
    .action((project: string, options: CommonOptions) =>
      run(options, async ({ services, output, signal }) => {
        const inspection = await inspectOnly(services, { path: path.resolve(project) }, signal);
        output.emit(inspection);
        const found = inspection.project;
        output.say(`${found.name} in ${found.root}`);
        output.say(`  entry         ${describeEntry(found.entry)}`);
        output.say(
          `  python        ${found.python.version ?? found.python.specifier ?? 'any'} (${found.python.source})`,
        );
        const { source, environment } = found.dependencies;
        const versions = environment === undefined ? '' : `, versions of the environment ${environment.name}`;
        output.say(`  dependencies  ${source.kind === 'inferred' ? 'inferred from imports' : source.file}${versions}`);
        for (const requirement of found.dependencies.requirements)
          output.say(`    ${requirement.spec}  (${requirement.origin})`);
        for (const finding of inspection.findings)
          output.say(`  ${finding.severity} ${finding.code}: ${finding.message}`);
      }),
    );
