import type { DeployedModel, Worker } from '../core/deployment';
import { needsKey } from '../core/exposure';
import type { Release } from '../core/release';
import type { Target } from '../core/target';
import { escapeMarkdown, formatBytes, formatTime, shortDigest } from './format';
import { autoscaleText, describeModel, modelTooltip, phaseIcon, stateText } from './modelText';
import { leaf, type Translate, type TreeNode } from './node';

/** What of a target decides which menu items its models have. */
export type Capabilities = Pick<
  Target,
  | 'id'
  | 'displayName'
  | 'accepts'
  | 'key'
  | 'scale'
  | 'autoscale'
  | 'manifests'
  | 'rollback'
  | 'restart'
  | 'stop'
  | 'start'
>;

export interface TargetModels {
  readonly target: Capabilities;
  /** Undefined before the first snapshot. */
  readonly models: readonly DeployedModel[] | undefined;
  /** Since when the snapshot may be old, and why. */
  readonly broken: { readonly since: Date; readonly message: string } | undefined;
}

/** The Models view: every model of every target, in the order of the targets and of their names. */
export function modelTree(targets: readonly TargetModels[], t: Translate): readonly TreeNode[] {
  return targets.flatMap(({ target, models, broken }) => [
    ...(broken === undefined ? [] : [brokenNode(target, broken, t)]),
    ...(models ?? []).map((model) =>
      modelNode(target, model, { stale: broken !== undefined, several: targets.length > 1 }, t),
    ),
  ]);
}

function brokenNode(
  target: Capabilities,
  broken: { readonly since: Date; readonly message: string },
  t: Translate,
): TreeNode {
  const time = formatTime(broken.since.toISOString());
  return leaf(`${target.id}!broken`, 'broken', t('{0} does not answer', target.displayName), {
    description: t('since {0}, trying again', time),
    tooltip: escapeMarkdown(broken.message),
    icon: { id: 'warning', color: 'list.warningForeground' },
  });
}

interface Shown {
  readonly stale: boolean;
  readonly several: boolean;
}

function modelNode(target: Capabilities, model: DeployedModel, shown: Shown, t: Translate): TreeNode {
  const id = modelNodeId({ targetId: target.id, name: model.name });
  const ref = { targetId: target.id, name: model.name };
  const state = describeModel(model, t);
  const parts = [state, shown.several ? target.displayName : undefined, shown.stale ? t('as last seen') : undefined];
  const description = parts.filter((part) => part !== undefined).join(' · ');
  return {
    id,
    label: model.name,
    description,
    tooltip: modelTooltip(model, target.displayName, t),
    icon: shown.stale ? { id: 'question' } : phaseIcon(model.phase),
    context: modelContext(target, model),
    accessibleLabel: t('Model {0}, {1}', model.name, description),
    state: 'collapsed',
    children: [
      ...reasonNodes(id, model, ref, t),
      ...endpointNodes(id, model, ref, t),
      ...replicaNodes(id, model, ref, t),
      ...releaseNodes(id, target, model, t),
    ],
    model: ref,
    ...(model.version === undefined ? {} : { version: model.version }),
  };
}

export function modelNodeId(ref: { readonly targetId: string; readonly name: string }): string {
  return `${ref.targetId}/${ref.name}`;
}

/** `model` and what can be done with it now: `endpoint key scale autoscale manifests rollback restart stop start`. */
export function modelContext(target: Capabilities, model: DeployedModel): string {
  const stopped = model.phase === 'Stopped' || model.phase === 'Failed';
  const can = {
    endpoint: model.endpoint !== undefined,
    key: target.key !== undefined && needsKey(model.exposure),
    scale: target.scale !== undefined && !stopped && model.autoscale === undefined,
    autoscale: target.autoscale !== undefined && !stopped,
    manifests: target.manifests !== undefined,
    rollback: target.rollback !== undefined && canRollBack(model),
    restart: target.restart !== undefined && !stopped,
    stop: target.stop !== undefined && model.phase !== 'Stopped',
    start: target.start !== undefined && stopped,
  };
  return ['model', ...Object.entries(can).flatMap(([word, holds]) => (holds ? [word] : []))].join(' ');
}

/** Whether a release other than the running one is kept that once was ready. */
export function canRollBack(model: DeployedModel): boolean {
  return model.releases.some((release) => isRollBackTarget(model, release));
}

/** Whether the model can go back to this release. */
export function isRollBackTarget(model: DeployedModel, release: Release): boolean {
  return release.status === 'superseded' && release.version !== model.version;
}

type Ref = NonNullable<TreeNode['model']>;

function reasonNodes(id: string, model: DeployedModel, ref: Ref, t: Translate): readonly TreeNode[] {
  const { reason } = model;
  if (reason === undefined || model.phase === 'Ready') return [];
  const message = firstLine(reason.message);
  return [
    leaf(`${id}/reason`, 'reason', message, {
      description: reason.code,
      tooltip: [reason.message, reason.traceback, ...(reason.logTail ?? [])]
        .filter((text) => text !== undefined)
        .map(asCode)
        .join('\n'),
      icon: { id: 'error', color: 'testing.iconFailed' },
      accessibleLabel: t('Reason: {0}', reason.message),
      model: ref,
      ...(reason.location === undefined ? {} : { opens: reason.location }),
    }),
  ];
}

function asCode(text: string): string {
  const fence = '`'.repeat(Math.max(3, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length + 1)));
  return `${fence}text\n${text}\n${fence}`;
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? text;
}

function endpointNodes(id: string, model: DeployedModel, ref: Ref, t: Translate): readonly TreeNode[] {
  if (model.endpoint === undefined) return [];
  return [
    leaf(
      `${id}/endpoint`,
      'endpoint',
      model.endpointIsInside === true ? t('Endpoint inside the cluster') : t('Endpoint'),
      {
        description: model.endpoint.replace(/^https?:\/\//, ''),
        tooltip: endpointTooltip(model.endpoint, model, t),
        icon: { id: 'globe' },
        model: ref,
      },
    ),
  ];
}

function endpointTooltip(
  endpoint: string,
  { endpointProblem: problem, exposure }: DeployedModel,
  t: Translate,
): string {
  const texts = [
    endpoint,
    ...(problem === undefined ? [] : [t('Not reached from beyond the cluster: {0}', problem)]),
    ...(needsKey(exposure) ? [t('Requests must bring its key.')] : []),
  ];
  return texts.map(escapeMarkdown).join('  \n');
}

function replicaNodes(id: string, model: DeployedModel, ref: Ref, t: Translate): readonly TreeNode[] {
  if (model.workers.length === 0) return [];
  const { ready, desired } = model.replicas;
  return [
    leaf(`${id}/replicas`, 'replicas', t('Replicas'), {
      description: [
        t('{0} of {1} ready', ready, desired),
        ...(model.autoscale === undefined ? [] : [autoscaleText(model.autoscale, t)]),
      ].join(' · '),
      ...(model.autoscale?.problem === undefined ? {} : { tooltip: escapeMarkdown(model.autoscale.problem) }),
      icon: { id: 'server-process' },
      state: 'collapsed',
      model: ref,
      children: model.workers.map((worker) => workerNode(id, worker, t)),
    }),
  ];
}

function workerNode(id: string, worker: Worker, t: Translate): TreeNode {
  const parts = [
    workerText(worker.phase, t),
    worker.pid === undefined ? undefined : `pid ${String(worker.pid)}`,
    worker.memory === undefined ? undefined : formatBytes(worker.memory),
    worker.restarts === 0 ? undefined : worker.restarts === 1 ? t('1 restart') : t('{0} restarts', worker.restarts),
  ];
  const label = `v${String(worker.version)}/${String(worker.index)}`;
  return leaf(
    `${id}/worker/${String(worker.version)}/${String(worker.index)}/${String(worker.pid ?? '')}`,
    'worker',
    label,
    {
      description: parts.filter((part) => part !== undefined).join(' · '),
      tooltip: escapeMarkdown(t('Started {0}', formatTime(worker.startedAt))),
      icon: workerIcon(worker.phase),
    },
  );
}

function workerText(phase: Worker['phase'], t: Translate): string {
  switch (phase) {
    case 'Starting':
      return t('Starting');
    case 'Ready':
      return t('Ready');
    case 'Draining':
      return t('Draining');
    case 'CrashLoop':
      return t('Crashed again and again');
  }
}

function workerIcon(phase: Worker['phase']): { readonly id: string; readonly color?: string } {
  switch (phase) {
    case 'Starting':
      return { id: 'loading~spin' };
    case 'Ready':
      return { id: 'pass', color: 'testing.iconPassed' };
    case 'Draining':
      return { id: 'debug-pause' };
    case 'CrashLoop':
      return { id: 'error', color: 'testing.iconFailed' };
  }
}

function releaseNodes(id: string, target: Capabilities, model: DeployedModel, t: Translate): readonly TreeNode[] {
  if (model.releases.length === 0) return [];
  const newestFirst = [...model.releases].sort((left, right) => right.version - left.version);
  return [
    leaf(`${id}/releases`, 'releases', t('Releases'), {
      description: String(model.releases.length),
      icon: { id: 'history' },
      state: 'collapsed',
      model: { targetId: target.id, name: model.name },
      children: newestFirst.map((release) => releaseNode(id, target, model, release, t)),
    }),
  ];
}

/** @param id of the model's node */
export function releaseNodeId(id: string, version: number): string {
  return `${id}/release/${String(version)}`;
}

/** `release` and what can be done with it: going back to it, taking it elsewhere, comparing it. */
function releaseContext(target: Capabilities, model: DeployedModel, release: Release): string {
  const isImage = target.accepts === 'image';
  const can = {
    rollback: target.rollback !== undefined && isRollBackTarget(model, release),
    elsewhere: isImage && release.status !== 'failed',
    compare: isImage && model.releases.length > 1,
  };
  return ['release', ...Object.entries(can).flatMap(([word, holds]) => (holds ? [word] : []))].join(' ');
}

function releaseNode(id: string, target: Capabilities, model: DeployedModel, release: Release, t: Translate): TreeNode {
  const answers = release.version === model.version;
  const status = release.status === 'failed' ? t('Failed') : answers ? stateText(model, t) : t('Kept');
  return leaf(
    releaseNodeId(id, release.version),
    releaseContext(target, model, release),
    `v${String(release.version)}`,
    {
      description: [status, formatTime(release.createdAt), shortDigest(release.digest)].join(' · '),
      tooltip: [
        escapeMarkdown(release.digest),
        ...(release.reason === undefined ? [] : [escapeMarkdown(release.reason)]),
      ].join('  \n'),
      icon:
        release.status === 'failed'
          ? { id: 'error', color: 'testing.iconFailed' }
          : { id: answers ? 'pass' : 'archive' },
      model: { targetId: target.id, name: model.name },
      version: release.version,
    },
  );
}
