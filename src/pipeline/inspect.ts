import { isUserError, UserError } from '../core/errors';
import type { DeployHost } from '../core/deploy';
import type { Inspection, Project } from '../core/project';
import type { Target } from '../core/target';
import type { EntryKind } from '../project/chooseEntry';
import { inspectProject } from '../project/inspectProject';
import { inspectTools } from '../project/tools';
import type { Services } from './services';
import { step } from './step';

/** Reads a project and reports what it found. @throws UserError for the first finding that nothing can be deployed with */
export async function inspect(
  services: Services,
  host: DeployHost,
  subject: string,
  accepts: Target['accepts'],
  signal: AbortSignal,
): Promise<Project> {
  return step(host, 'inspect', 'Reading the project', async () => {
    const { project, findings } = await read(services, subject, accepts, signal);
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

/** Reads a project: its folder, or a notebook or model file in it. Nothing of it is executed. */
export function inspectOnly(
  services: Services,
  subject: string,
  signal: AbortSignal,
  accepts?: Target['accepts'],
): Promise<Inspection> {
  return read(services, subject, accepts, signal);
}

async function read(
  services: Services,
  subject: string,
  accepts: Target['accepts'] | undefined,
  signal: AbortSignal,
): Promise<Inspection> {
  const inspector = await services.inspector(signal);
  const tools = inspectTools(inspector, (name, abort) => isInIndex(services, name, abort));
  const { environments } = services;
  const options = { tools, ...(environments && { environments }) };
  return inspectProject(subject, accepts === 'bundle' ? { ...options, accepts: runsAsBundle } : options, signal);
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
