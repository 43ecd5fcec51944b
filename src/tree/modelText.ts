import { formatAutoscale, type AutoscaleState } from '../core/autoscale';
import type { DeployedModel, Phase } from '../core/deployment';
import { needsKey } from '../core/exposure';
import { escapeMarkdown, formatBytes, formatTime } from './format';
import { untranslated, type Translate } from './node';

/** `v3 · Ready · 2/2`; while a newer release starts, `v3 · Ready · 2/2 · v4 loading`. */
export function describeModel(model: DeployedModel, t: Translate = untranslated): string {
  const parts = [
    model.version === undefined ? undefined : `v${String(model.version)}`,
    stateText(model, t),
    model.replicas.desired > 0 ? `${String(model.replicas.ready)}/${String(model.replicas.desired)}` : undefined,
    model.rollout === undefined || model.rollout.version === model.version
      ? undefined
      : `v${String(model.rollout.version)} ${model.rollout.step}`,
  ];
  return parts.filter((part) => part !== undefined).join(' · ');
}

/** The phase; a model that answers its last requests is Progressing too, but not starting. */
export function stateText(model: DeployedModel, t: Translate): string {
  return model.rollout?.step === 'stopping' ? t('Stopping') : phaseText(model.phase, t);
}

function phaseText(phase: Phase, t: Translate): string {
  switch (phase) {
    case 'Pending':
      return t('Pending');
    case 'Progressing':
      return t('Starting');
    case 'Ready':
      return t('Ready');
    case 'Failed':
      return t('Failed');
    case 'Stopped':
      return t('Stopped');
  }
}

export function phaseIcon(phase: Phase): { readonly id: string; readonly color?: string } {
  switch (phase) {
    case 'Pending':
    case 'Progressing':
      return { id: 'loading~spin' };
    case 'Ready':
      return { id: 'pass-filled', color: 'testing.iconPassed' };
    case 'Failed':
      return { id: 'error', color: 'testing.iconFailed' };
    case 'Stopped':
      return { id: 'circle-slash' };
  }
}

/** `2–5 by CPU, 34 % of 70 %`; where it cannot work, that. */
export function autoscaleText(state: AutoscaleState, t: Translate): string {
  return state.problem === undefined ? formatAutoscale(state) : t('autoscaling does not work: {0}', state.problem);
}

/** Markdown: endpoint, replicas, memory, since when, and the reason when it does not answer. */
export function modelTooltip(model: DeployedModel, targetName: string, t: Translate): string {
  const rows = [
    [t('Target'), targetName],
    [t('State'), describeModel(model, t)],
    [t('Autoscale'), model.autoscale === undefined ? undefined : autoscaleText(model.autoscale, t)],
    [model.endpointIsInside === true ? t('Endpoint inside the cluster') : t('Endpoint'), model.endpoint],
    [t('Not reached from beyond the cluster'), model.endpointProblem],
    [t('Key'), needsKey(model.exposure) ? t('requests must bring it') : undefined],
    [t('Peak memory'), model.peakMemory === undefined ? undefined : t('{0} a replica', formatBytes(model.peakMemory))],
    [
      t('Memory to reserve'),
      model.resources?.memory === undefined ? undefined : t('{0} a replica', model.resources.memory),
    ],
    [t('Changed'), model.updatedAt === undefined ? undefined : formatTime(model.updatedAt)],
  ] as const;
  const table = rows.flatMap(([name, value]) =>
    value === undefined ? [] : [`${escapeMarkdown(name)}: ${escapeMarkdown(value)}`],
  );
  const reason =
    model.reason === undefined
      ? []
      : ['', `**${escapeMarkdown(model.reason.code)}**: ${escapeMarkdown(model.reason.message)}`];
  return [`**${escapeMarkdown(model.name)}**`, '', table.join('  \n'), ...reason].join('\n');
}

export interface Summary {
  readonly text: string;
  readonly failed: boolean;
}

/** The state of all models in a few words for the status bar; undefined when there are none. */
export function summarize(models: readonly DeployedModel[], t: Translate): Summary | undefined {
  const [first, ...others] = models;
  if (first === undefined) return undefined;
  const failed = models.filter((model) => model.phase === 'Failed').length;
  if (others.length === 0) return { text: t('{0}: {1}', first.name, stateText(first, t)), failed: failed > 0 };
  const ready = models.filter((model) => model.phase === 'Ready').length;
  if (failed > 0) return { text: t('{0} of {1} failed', failed, models.length), failed: true };
  return { text: t('{0} of {1} ready', ready, models.length), failed: false };
}
