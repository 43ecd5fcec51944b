import { isUserError, UserError } from '../core/errors';
import type { DeployHost } from '../core/deploy';
import type { Inspection, Project } from '../core/project';
import type { Target } from '../core/target';
import type { EntryKind } from '../project/chooseEntry';
import { inspectProject } from '../project/inspectProject';
import { inspectTools } from '../project/tools';
import type { Services } from './services';
import { step } from './step';

/** What is read. */
export interface InspectRequest {
  /** The project's folder, or one notebook or model file in it. */
  readonly path: string;
  /** What the target takes; anything by default. */
  readonly accepts?: Target['accepts'];
  /** Names of files that are passed over. */
  readonly without?: readonly string[];
}

/** Reads a project and reports what it found. @throws UserError for the first finding that nothing can be deployed with */
export async function inspect(
  services: Services,
  host: DeployHost,
  request: InspectRequest,
  signal: AbortSignal,
): Promise<Project> {
  return step(host, 'inspect', 'Reading the project', async () => {
    const { project, findings } = await inspectOnly(services, request, signal);
    for (const finding of findings) host.report({ event: 'finding', finding });
    const blocking = findings.find((finding) => finding.severity === 'error');
    if (blocking !== undefined) {
      throw new UserError(blocking.code, blocking.message, {
        location: blocking.location,
        ...(blocking.fix === undefined ? {} : { remedy: { kind: 'hint', label: blocking.fix.title } }),
      });
    }
    return {
      result: project,
      message: `${project.name}, ${String(findings.length)} ${findings.length === 1 ? 'finding' : 'findings'}`,
    };
  });
}

/** A target without a container engine cannot build a Dockerfile. */
const runsAsBundle: readonly EntryKind[] = ['notebook', 'modelFile', 'mlmodel', 'spacy', 'transformers', 'app', 'none'];

/** Reads a project. Nothing of it is executed. */
export async function inspectOnly(
  services: Services,
  { path, accepts, without }: InspectRequest,
  signal: AbortSignal,
): Promise<Inspection> {
  const inspector = await services.inspector(signal);
  const tools = inspectTools(inspector, (name, abort) => isInIndex(services, name, abort));
  const { environments } = services;
  const options = {
    tools,
    ...(environments && { environments }),
    ...(without && { without }),
    ...(accepts === 'bundle' ? { accepts: runsAsBundle } : {}),
  };
  return inspectProject(path, options, signal);
}

/** Whether the user's package index knows a distribution. */
async function isInIndex(services: Services, distribution: string, signal: AbortSignal): Promise<boolean> {
  const uv = await services.uv(signal);
  try {
    await uv.run(
      ['pip', 'compile', '--no-deps', '--no-header', '-'],
      { subject: distribution, input: distribution },
      signal,
    );
    return true;
  } catch (error) {
    if (isUserError(error) && error.code === 'PackageUnknown') return false;
    throw error;
  }
}
