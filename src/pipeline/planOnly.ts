import type { DeployEvent, DeployHost } from '../core/deploy';
import type { DeployPlan } from '../core/plan';
import type { Finding } from '../core/project';
import { inspectOnly } from './inspect';
import { planDeploy } from './planDeploy';
import { solve } from './prepareEnvironment';
import { readProjectState } from './projectState';
import { openTarget, type Services } from './services';
import { identify } from './trainingChoice';

export interface PlanRequest {
  readonly path: string;
  readonly target: string;
  readonly name?: string;
}

/**
 * What Deploy Model would do now. Reads and solves the project; nothing of it is executed and nothing installed.
 * @param progress told of what the solver prints
 */
export async function planOnly(
  services: Services,
  request: PlanRequest,
  progress: (line: string) => void,
  signal: AbortSignal,
): Promise<{ readonly plan: DeployPlan; readonly findings: readonly Finding[] }> {
  const { project, findings } = await inspectOnly(services, { path: request.path }, signal);
  const target = await openTarget(services, request.target);
  const { added } = await readProjectState(services.home, project.root);
  const solved = await solve(
    services,
    listener(progress),
    project,
    added.map((one) => one.spec),
    signal,
  );
  const choice = await identify(services, project, solved, false, signal);
  const plan = await planDeploy(
    services,
    { project, destination: target.id, name: request.name ?? project.name, replicas: project.config.replicas ?? 1 },
    solved,
    choice,
    signal,
  );
  return { plan, findings: [...findings, ...plan.shortages] };
}

/** A host that only listens: planning asks nothing. */
export function listener(progress: (line: string) => void): DeployHost {
  return {
    report: (event: DeployEvent) => {
      if (event.event === 'step') progress(event.message);
      else if (event.event === 'output') progress(event.text);
    },
    confirmExecution: () => Promise.resolve(false),
    secret: () => Promise.resolve(undefined),
  };
}
