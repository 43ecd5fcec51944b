import type { Location } from '../../../core/errors';
import type { Reason } from '../../../core/deployment';
import { inertText } from '../../../core/inertText';
import type { Condition, ContainerState, ContainerStatus, Deployment, Pod } from '../objects';

/** Where a pod is on its way. */
export type PodPhase = 'scheduling' | 'pulling' | 'loading' | 'ready' | 'ended';

/** What keeps a pod, and whether it can still become right by itself. */
export interface PodTrouble {
  readonly reason: Reason;
  readonly stage: 'scheduling' | 'pulling' | 'loading';
  /** It was tried again already, or trying again cannot help. */
  readonly isFinal: boolean;
}

const pullTrouble =
  /^(?:ErrImagePull|ImagePullBackOff|InvalidImageName|ErrImageNeverPull|RegistryUnavailable|SignatureValidationFailed)$/;
const createTrouble = /^(?:CreateContainerConfigError|CreateContainerError|RunContainerError|ContainerCannotRun)$/;
/** The registry answered: asking again does not change it. */
const finalPullTrouble =
  /not found|manifest unknown|unauthorized|denied|forbidden|invalid reference|no match for platform/i;
/** A container that ended so often before it was ready will do so again. */
const mostEnds = 2;

export function phaseOf(pod: Pod): PodPhase {
  const phase = pod.status?.phase;
  if (phase === 'Failed' || phase === 'Succeeded') return 'ended';
  if (pod.spec?.nodeName === undefined) return 'scheduling';
  if (conditionOf(pod, 'Ready')?.status === 'True') return 'ready';
  return hasStarted(pod) ? 'loading' : 'pulling';
}

function hasStarted(pod: Pod): boolean {
  const status = pod.status?.containerStatuses?.[0];
  return status !== undefined && (status.state?.waiting === undefined || status.restartCount > 0);
}

function conditionOf(pod: Pod, type: string): Condition | undefined {
  return pod.status?.conditions?.find((one) => one.type === type);
}

/** What keeps a pod from being ready, in the words of who keeps it. */
export function troubleOf(pod: Pod): PodTrouble | undefined {
  const container = pod.status?.containerStatuses?.[0];
  return evictionOf(pod) ?? unscheduled(pod) ?? (container && (waitTrouble(container) ?? endTrouble(container)));
}

function evictionOf({ status }: Pod): PodTrouble | undefined {
  if (status?.reason !== 'Evicted' && status?.phase !== 'Failed') return undefined;
  const message = inertText(`${status.reason ?? 'The pod failed'}: ${status.message ?? ''}`);
  return { stage: 'loading', isFinal: false, reason: { code: 'Evicted', message } };
}

function unscheduled(pod: Pod): PodTrouble | undefined {
  const scheduled = conditionOf(pod, 'PodScheduled');
  if (scheduled?.status !== 'False') return undefined;
  const message = `No node takes it: ${inertText(scheduled.message ?? scheduled.reason ?? '')}`;
  return { stage: 'scheduling', isFinal: false, reason: { code: 'Unschedulable', message } };
}

/** The kubelet cannot even start the container. */
function waitTrouble({ state }: ContainerStatus): PodTrouble | undefined {
  const { reason: waiting = '', message = '' } = state?.waiting ?? {};
  if (pullTrouble.test(waiting)) {
    const reason = { code: 'ImagePullFailed', message: `The image cannot be pulled. ${inertText(message || waiting)}` };
    return { stage: 'pulling', isFinal: finalPullTrouble.test(message), reason };
  }
  if (!createTrouble.test(waiting)) return undefined;
  const reason = { code: 'ContainerRefused', message: `The container cannot be started. ${inertText(message)}` };
  return { stage: 'pulling', isFinal: /runAsNonRoot|run as root/.test(message), reason };
}

function endTrouble(container: ContainerStatus): PodTrouble | undefined {
  const ended = endOf(container);
  if (ended === undefined) return undefined;
  const isLooping = container.state?.waiting?.reason === 'CrashLoopBackOff' || container.restartCount >= mostEnds;
  return { stage: 'loading', isFinal: ended.reason === 'OOMKilled' || isLooping, reason: reasonOfEnd(ended) };
}

/** How the container ended last, unless it does well again. */
function endOf({ ready, state, lastState }: ContainerStatus): ContainerState['terminated'] {
  return ready ? undefined : (state?.terminated ?? lastState?.terminated);
}

function reasonOfEnd(ended: NonNullable<ContainerState['terminated']>): Reason {
  if (ended.reason === 'OOMKilled')
    return { code: 'OutOfMemory', message: 'It took more memory than its limit, and was ended for that.' };
  const said = ended.message === undefined ? '' : ` ${inertText(ended.message.trim())}`;
  return { code: 'WorkerExited', message: `It ended with exit code ${String(ended.exitCode)}.${said}` };
}

/** Why there is not even a pod: a quota or an admission controller refuses it. */
export function refusalOf({ status }: Deployment): Reason | undefined {
  const refused = status?.conditions?.find((one) => one.type === 'ReplicaFailure' && one.status === 'True');
  if (refused === undefined) return undefined;
  return {
    code: 'PodRefused',
    message: `The cluster does not let its pod be made. ${inertText(refused.message ?? '')}`,
  };
}

/** Adds what the log tells of a failure: its last lines, and the traceback with the cell of the notebook. */
export function withLog(reason: Reason, lines: readonly string[], notebook: string | undefined): Reason {
  const texts = lines.map(inertText);
  const start = texts.findLastIndex((line) => line.startsWith('Traceback (most recent call last):'));
  const traceback = start === -1 ? undefined : texts.slice(start);
  const raised = traceback?.findLast((line) => /^[\w.]+(?::|$)/.test(line) && !line.startsWith('Traceback'));
  const location = traceback === undefined ? undefined : cellIn(traceback, notebook);
  return {
    ...reason,
    ...(raised === undefined || reason.code === 'OutOfMemory' ? {} : { message: raised }),
    ...(traceback === undefined ? {} : { traceback: traceback.join('\n') }),
    ...(location === undefined ? {} : { location }),
    ...(texts.length === 0 ? {} : { logTail: texts }),
  };
}

/** Code of a notebook is compiled under `NOTEBOOK#CELL`. The innermost frame counts. */
function cellIn(traceback: readonly string[], notebook: string | undefined): Location | undefined {
  for (const line of traceback.toReversed()) {
    const [, cell, number] = /File "[^"]+\.ipynb#([A-Za-z0-9_-]{1,64})", line (\d{1,9})/.exec(line) ?? [];
    if (cell !== undefined && notebook !== undefined) return { file: notebook, cell, line: Number(number) };
  }
  return undefined;
}
