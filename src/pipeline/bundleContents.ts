import path from 'node:path';
import type { BundleContents } from '../build/writeBundle';
import type { TrainingRecord } from '../build/trainingRecord';
import type { BundleEntry, BundleManifest } from '../core/bundle';
import { UserError } from '../core/errors';
import type { EntryPoint, Project } from '../core/project';
import type { PlannedFile } from '../project/planFiles';
import type { Solved } from './prepareEnvironment';

/** What was made of a project, on its way into a bundle. */
export interface Packaging {
  readonly name: string;
  readonly project: Project;
  readonly solved: Solved;
  /** Folder of the server's files, named by their content. */
  readonly server: string;
  readonly record: TrainingRecord | undefined;
  /** Those of the project that travel. */
  readonly files: readonly PlannedFile[];
}

/** What goes into the bundle. Notebooks stay out: their outputs change without changing the model. */
export function bundleContents(packaging: Packaging): BundleContents {
  const { project, solved, record, files } = packaging;
  return {
    manifest: manifestFor(packaging),
    root: project.root,
    files: files.map((file) => file.path).filter((file) => !file.endsWith('.ipynb')),
    lock: solved.lock.text,
    artifact: record?.artifact,
  };
}

function manifestFor({ name, project, solved, server, record }: Packaging): BundleManifest {
  const { entry, config } = project;
  return {
    schema: 1,
    name,
    entry: bundleEntry(entry),
    python: solved.python.interpreter.minor,
    runtime: path.basename(server),
    workdir: inProject(
      project.root,
      entry.kind === 'notebook' ? path.dirname(path.join(project.root, entry.notebook)) : project.root,
    ),
    sysPath: project.sysPath.map((folder) => inProject(project.root, folder)),
    artifact: record === undefined ? null : 'artifact',
    env: config.env ?? {},
    secrets: config.secrets ?? [],
    ...(config.limits === undefined ? {} : { limits: config.limits }),
    ...(config.resources === undefined ? {} : { resources: config.resources }),
  };
}

function bundleEntry(entry: EntryPoint): BundleEntry {
  switch (entry.kind) {
    case 'notebook':
      return { kind: 'snapshot' };
    case 'modelFile':
      return { kind: 'modelFile', path: `project/${entry.path}`, format: entry.format };
    case 'mlmodel':
    case 'spacy':
    case 'transformers':
      return { ...entry, path: `project/${entry.path}` };
    case 'app':
      return { kind: entry.protocol, app: `${entry.module}:${entry.attribute}` };
    case 'dockerfile':
      throw new UserError(
        'EntryUnsupported',
        'The project has a Dockerfile, which this machine cannot run without a container engine.',
        {
          remedy: {
            kind: 'hint',
            label: 'Name another entry in slipway.yaml, for example the notebook with its predict function.',
          },
        },
      );
    case 'none':
      throw new UserError(
        'PredictMissing',
        'The project has no predict function and no model file, so there is nothing to serve.',
        {
          remedy: { kind: 'runCommand', label: 'Add Predict Cell', command: 'slipway.addPredictCell' },
        },
      );
  }
}

function inProject(root: string, folder: string): string {
  const relative = path.relative(root, folder).split(path.sep).join('/');
  return relative === '' ? 'project' : `project/${relative}`;
}
