import type { DeployPlan, TrainingPlan } from '../core/plan';
import type { EntryPoint, Project } from '../core/project';
import { planFiles } from '../project/planFiles';
import { planResources, shortages } from './planResources';
import type { Solved } from './prepareEnvironment';
import type { Services } from './services';
import type { TrainingChoice } from './trainingChoice';

/** What the deploy will do, from what was read and solved so far. Nothing is installed or executed yet. */
export async function planDeploy(
  services: Services,
  job: { readonly project: Project; readonly destination: string; readonly name: string; readonly replicas: number },
  solved: Solved,
  choice: TrainingChoice,
  signal: AbortSignal,
): Promise<DeployPlan> {
  const { project } = job;
  const { dependencies } = project;
  const { files, leftOut } = await planFiles(project, signal);
  const fileBytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const need = { project, replicas: job.replicas, fileBytes };
  const resources = await planResources(services, need, solved, choice, signal);
  return {
    name: job.name,
    target: job.destination,
    project: project.root,
    entry: describeEntry(project.entry),
    python: {
      version: solved.python.interpreter.version,
      path: solved.python.interpreter.path,
      why: solved.python.why,
    },
    dependencies: {
      source: dependencies.source.kind === 'inferred' ? 'inferred from imports' : dependencies.source.file,
      requirements: dependencies.requirements.map((one) => `${one.spec}  (${one.origin})`),
      ignored: dependencies.ignored.map((one) => `${one.file}: ${one.reason}`),
      ...(solved.environment === undefined ? {} : { environment: solved.environment }),
      ...(dependencies.asOf === undefined || solved.asOf === undefined
        ? {}
        : {
            asOf: {
              ...dependencies.asOf,
              date: solved.asOf,
              ...(solved.moved === undefined ? {} : { moved: solved.moved }),
            },
          }),
    },
    training: trainingPlan(choice),
    files: { count: files.length, bytes: fileBytes, leftOut },
    secrets: project.config.secrets ?? [],
    resources,
    shortages: shortages(resources),
  };
}

function trainingPlan(choice: TrainingChoice): TrainingPlan {
  switch (choice.kind) {
    case 'none':
      return { action: 'none', why: choice.why, unhashed: [] };
    case 'run':
      return { action: choice.mode === 'definitions' ? 'definitions' : 'run', why: choice.why, unhashed: [] };
    case 'reuse':
      return { action: 'reuse', why: choice.why, trainedAt: choice.record.trainedAt, unhashed: choice.record.unhashed };
  }
}

function folderName(folder: string): string {
  return folder === '.' ? 'this folder' : folder;
}

export function describeEntry(entry: EntryPoint): string {
  switch (entry.kind) {
    case 'notebook':
      return `${entry.notebook}:${entry.predict}`;
    case 'modelFile':
      return `${entry.path} (${entry.format})`;
    case 'mlmodel':
      return `${folderName(entry.path)} (MLmodel)`;
    case 'spacy':
      return `${folderName(entry.path)} (spaCy)`;
    case 'transformers':
      return `${folderName(entry.path)} (${entry.task})`;
    case 'app':
      return `${entry.module}:${entry.attribute} (${entry.protocol.toUpperCase()})`;
    case 'dockerfile':
      return entry.path;
    case 'none':
      return entry.notebook ?? 'nothing to serve';
  }
}
