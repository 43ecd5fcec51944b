import type {
  Amounts,
  CheckRow,
  ClusterRow,
  ContainerState,
  EventRow,
  KindRow,
  NamespaceRow,
  NodeRow,
  NoteRow,
  ObjectRow,
  PodRow,
  ProcessRow,
  RequestedRow,
  SectionRow,
  WorkloadRow,
} from '../../core/cluster';
import { inertText } from '../../core/inertText';
import { escapeMarkdown, formatBytes, formatTime } from '../format';
import type { Translate, TreeNode } from '../node';
import { deviceName, deviceWords, sharingWords } from './devices';

/** What a row looks like, without its place in the tree. */
export interface Appearance {
  readonly context: string;
  readonly label: string;
  readonly description?: string;
  readonly tooltip?: string;
  readonly icon: NonNullable<TreeNode['icon']>;
  readonly opens: boolean;
  /** What a screen reader says, where name and description do not tell what it is. */
  readonly spoken?: string;
}

const warning = { id: 'warning', color: 'list.warningForeground' };
const failure = { id: 'error', color: 'list.errorForeground' };

const stateIcons = {
  ok: { id: 'pass', color: 'testing.iconPassed' },
  done: { id: 'check' },
  progressing: { id: 'clock', color: 'list.warningForeground' },
  failed: failure,
};

type Drawers = {
  readonly [Kind in ClusterRow['kind']]: (row: Extract<ClusterRow, { kind: Kind }>, t: Translate) => Appearance;
};

/** How each kind of row is drawn. */
const drawers: Drawers = {
  section,
  node,
  requested,
  namespace,
  workload,
  pod,
  kind,
  object,
  event,
  check,
  process,
  note,
};

export function appearanceOf(row: ClusterRow, t: Translate): Appearance {
  const draw = drawers[row.kind] as (row: ClusterRow, t: Translate) => Appearance;
  return draw(row, t);
}

const sectionIcons: Readonly<Record<SectionRow['section'], string>> = {
  models: 'rocket',
  controlPlane: 'circuit-board',
  nodes: 'server',
  namespaces: 'symbol-namespace',
  events: 'history',
  pods: 'layers',
  others: 'symbol-misc',
};

function section({ section: kind }: SectionRow, t: Translate): Appearance {
  const labels: Readonly<Record<SectionRow['section'], string>> = {
    models: t('Deployed Models'),
    controlPlane: t('Control Plane'),
    nodes: t('Nodes'),
    namespaces: t('Namespaces'),
    events: t('Events'),
    pods: t('Pods'),
    others: t('Other Objects'),
  };
  return { context: `section ${kind}`, label: labels[kind], icon: { id: sectionIcons[kind] }, opens: true };
}

function node(row: NodeRow, t: Translate): Appearance {
  const { allocatable, used, roles, trouble, cordoned, version, architecture } = row;
  const parts = [
    ...(row.ready ? [] : [t('Not ready')]),
    ...(cordoned ? [t('cordoned')] : []),
    ...(row.ready ? trouble : []),
    used === undefined
      ? t('CPU {0}', cores(allocatable.cpu))
      : t('CPU {0} % of {1}', percent(used.cpu, allocatable.cpu), cores(allocatable.cpu)),
    used === undefined
      ? t('memory {0}', formatBytes(allocatable.memory))
      : t('memory {0} of {1}', formatBytes(used.memory), formatBytes(allocatable.memory)),
    ...deviceWords(allocatable, t, row.gpu),
  ];
  const facts = [row.name, roles.join(', '), version, architecture, ...trouble, ...sharingWords(row, t)];
  return {
    context: ['node', ...(row.ref === undefined ? [] : ['object']), ...actionWords(row)].join(' '),
    label: row.name,
    description: parts.join(' · '),
    tooltip: tooltip(facts),
    icon: row.ready && trouble.length === 0 ? { id: 'server-environment' } : warning,
    opens: true,
  };
}

function actionWords({ actions = [], cordoned }: NodeRow): readonly string[] {
  return actions.map((action) => (action === 'cordon' && cordoned ? 'uncordon' : action));
}

function requested({ requested: asked, allocatable }: RequestedRow, t: Translate): Appearance {
  const devices = new Set([...Object.keys(asked.devices), ...Object.keys(allocatable.devices)]);
  const parts = [
    t('CPU {0} of {1}', cores(asked.cpu), cores(allocatable.cpu)),
    t('memory {0} of {1}', formatBytes(asked.memory), formatBytes(allocatable.memory)),
    ...[...devices].map((name) =>
      t('{0} of {1} {2}', count(asked, name), count(allocatable, name), deviceName(name, 2, t)),
    ),
  ];
  return {
    context: 'requested',
    label: t('Requested'),
    description: parts.join(' · '),
    tooltip: tooltip([t('What the pods of this node ask for, of what it can give')]),
    icon: { id: 'dashboard' },
    opens: false,
  };
}

function namespace(row: NamespaceRow, t: Translate): Appearance {
  const isActive = row.phase === 'Active';
  const mark = row.pinned === true ? t('pinned') : undefined;
  return {
    context: [
      'namespace',
      ...(row.ref === undefined ? [] : ['object']),
      ...(mark === undefined ? [] : ['pinned']),
    ].join(' '),
    label: row.name,
    description: joined(isActive ? undefined : row.phase, mark),
    tooltip: tooltip([row.name, row.named ? t('From the context or from the settings') : undefined]),
    icon: isActive ? { id: 'symbol-namespace' } : warning,
    opens: true,
  };
}

function workload(row: WorkloadRow, t: Translate): Appearance {
  const counts = t('{0} of {1} ready', row.ready, row.desired);
  const isDone = row.workload === 'Job';
  return {
    context: `workload ${row.workload} object`,
    label: row.name,
    description: joined(
      row.release === undefined ? row.workload : t('release {0}', row.release),
      isDone ? `${row.ready}/${row.desired}` : counts,
      row.autoscale,
      row.reason,
    ),
    tooltip: tooltip([row.name, row.workload, row.autoscale, row.reason]),
    icon: row.state === 'ok' ? { id: 'package' } : stateIcons[row.state],
    opens: true,
  };
}

function pod(row: PodRow, t: Translate): Appearance {
  const main = row.containers.filter(({ role }) => role === 'main').length;
  const parts = [
    row.status,
    row.state === 'done' ? undefined : `${row.ready}/${main}`,
    row.restarts === 0 ? undefined : row.restarts === 1 ? t('1 restart') : t('{0} restarts', row.restarts),
    row.used === undefined ? undefined : `CPU ${cores(row.used.cpu)} · ${formatBytes(row.used.memory)}`,
    row.reason,
  ];
  return {
    context: `pod object${row.containers.some(({ status }) => status === 'Running') ? ' running' : ''}`,
    label: row.name,
    description: joined(...parts),
    tooltip: tooltip([row.name, row.namespace, row.node, ...deviceWords(row.requests, t), row.reason]),
    icon: stateIcons[row.state],
    opens: true,
  };
}

/** A container of a pod, which is drawn below it without being asked for. */
export function containerAppearance(one: ContainerState, t: Translate): Appearance {
  const role = one.role === 'main' ? undefined : one.role === 'init' ? t('init') : t('ephemeral');
  const restarts = one.restarts === 0 ? undefined : t('{0} restarts', one.restarts);
  return {
    context: `container${one.status === 'Running' ? ' running' : ''}`,
    label: one.name,
    description: joined(one.status, role, restarts, one.message),
    tooltip: tooltip([one.name, one.image, one.message]),
    icon: one.state === 'ok' ? { id: 'symbol-event' } : stateIcons[one.state],
    opens: false,
  };
}

function kind({ name, apiVersion }: KindRow): Appearance {
  return { context: 'kind', label: name, description: apiVersion, icon: { id: 'symbol-class' }, opens: true };
}

function object({ name, ref, facts, createdAt, ends }: ObjectRow, t: Translate): Appearance {
  const words = (all: ObjectRow['facts']) => all.map((fact) => `${fact.name} ${fact.value}`);
  return {
    context: 'other object',
    label: name,
    description: joined(
      ends ? t('being deleted') : undefined,
      ...words(facts.filter(({ isDetail }) => !isDetail)),
      formatTime(createdAt),
    ),
    tooltip: tooltip([name, ref?.kind, ...words(facts)]),
    icon: ends ? stateIcons.progressing : { id: 'symbol-object' },
    opens: false,
  };
}

function event(row: EventRow, t: Translate): Appearance {
  const times = row.count > 1 ? t('{0} times', row.count) : undefined;
  return {
    context: 'event object',
    label: row.reason,
    description: joined(row.about, row.message, times, formatTime(row.at)),
    tooltip: tooltip([row.reason, row.about, row.message, formatTime(row.at)]),
    icon: row.warning ? warning : { id: 'info' },
    opens: false,
  };
}

function check({ name, ok, text }: CheckRow): Appearance {
  return {
    context: 'check',
    label: name,
    description: text,
    icon: ok ? stateIcons.ok : failure,
    opens: false,
  };
}

function process(row: ProcessRow, t: Translate): Appearance {
  const memory = row.memory === undefined ? undefined : formatBytes(row.memory);
  const description = joined(row.phase, `pid ${row.pid}`, memory);
  return {
    context: 'process',
    label: row.name,
    description,
    spoken: t('Process {0}, {1}', row.name, description),
    tooltip: tooltip([t('A replica of the model {0}', row.model)]),
    icon: { id: 'server-process' },
    opens: false,
  };
}

function note({ note: kind, message }: NoteRow): Appearance {
  const icons = { forbidden: { id: 'lock' }, problem: warning, empty: { id: 'info' }, info: { id: 'info' } };
  return { context: `note ${kind}`, label: message, tooltip: tooltip([message]), icon: icons[kind], opens: false };
}

function count({ devices }: Amounts, name: string): number {
  return devices[name] ?? 0;
}

/** `0.25`, `4`: at most two digits after the point. */
function cores(value: number): string {
  return String(Math.round(value * 100) / 100);
}

function percent(used: number, of: number): number {
  return of === 0 ? 0 : Math.round((used / of) * 100);
}

function joined(...parts: readonly (string | undefined)[]): string {
  return given(parts).join(' · ');
}

function tooltip(lines: readonly (string | undefined)[]): string {
  return escapeMarkdown(given(lines).map(inertText).join('\n'));
}

function given(parts: readonly (string | undefined)[]): readonly string[] {
  return parts.filter((part): part is string => part !== undefined && part !== '');
}
