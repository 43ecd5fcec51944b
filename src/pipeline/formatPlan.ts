import type { DeployPlan, PlanResources, TrainingPlan } from '../core/plan';

const labelWidth = 14;

/** A plan as text: the same lines in a terminal, in the log and in the editor's document. */
export function formatPlan(plan: DeployPlan): string {
  const { python, dependencies, files, resources } = plan;
  return [
    `Plan for ${plan.name} on ${plan.target}`,
    ...field('Project', plan.project),
    ...field('Serves', plan.entry),
    ...field('Python', `${python.version}: ${python.why}`, python.path),
    ...field('Packages', ...packageLines(dependencies)),
    ...field('Training', ...trainingLines(plan.training)),
    ...field('Files', `${count(files.count, 'file')}, ${formatBytes(files.bytes)}`),
    ...list(
      'Left out',
      files.leftOut.map((one) => `${one.path}: ${one.reason}`),
    ),
    ...list('Ignored', dependencies.ignored),
    ...list('Secrets', plan.secrets),
    ...field('Download', ...downloadLines(resources)),
    ...field('Disk', `about ${formatBytes(resources.diskNeed)}; ${formatBytes(resources.diskFree)} are free`),
    ...field('Memory', `${memoryText(resources)}; ${formatBytes(resources.memoryFree)} are free`),
    ...list(
      'Warning',
      plan.shortages.map((one) => one.message),
    ),
  ].join('\n');
}

/** Powers of 1000 as the operating systems' file managers print them, three digits at most. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1;
  return `${value.toFixed(digits)} ${units[unit] ?? ''}`;
}

function packageLines(dependencies: DeployPlan['dependencies']): readonly string[] {
  return [`${dependencies.source}${versionsText(dependencies)}`, ...dependencies.requirements];
}

function versionsText({ environment, asOf }: DeployPlan['dependencies']): string {
  if (environment !== undefined) return `, versions of the environment ${environment}`;
  return asOf === undefined ? '' : `, versions as of ${asOf.date} (${dateReason(asOf)})`;
}

function downloadLines({ download }: PlanResources): readonly string[] {
  if (download === undefined) return ['nothing, all packages are installed'];
  const { packages, cached, bytes, unknown, own } = download;
  const known = packages - cached - unknown.length;
  const size = known === 0 && unknown.length > 0 ? 'an unknown amount' : formatBytes(bytes);
  return [
    `${size} of packages (${String(cached)} of ${String(packages)} are cached)`,
    ...(unknown.length === 0
      ? []
      : [`the index does not tell the size of ${count(unknown.length, 'package')}: ${shortened(unknown)}`]),
    ...(own === 0 ? [] : [`and about ${formatBytes(own)} for Slipway's own kernel and server, once`]),
  ];
}

const mostNamed = 5;

function shortened(names: readonly string[]): string {
  return [...names.slice(0, mostNamed), ...(names.length > mostNamed ? ['…'] : [])].join(', ');
}

function memoryText({ memory }: PlanResources): string {
  if (memory === undefined) return 'known once the model is verified';
  const each =
    memory.replicas === 1 ? memory.quantity : `${memory.quantity} for each of ${String(memory.replicas)} replicas`;
  return `${each} (${memory.why})`;
}

function dateReason({ source, moved }: { readonly source: string; readonly moved?: string }): string {
  const from = `from ${dateSources[source] ?? source}`;
  return moved === undefined ? from : `${from}, moved: ${moved}`;
}

const dateSources: Readonly<Record<string, string>> = {
  git: 'the git history',
  execution: "the notebook's last execution",
  file: "the file's time",
  python: 'the release of the Python that the notebook last ran with',
};

const actions: Readonly<Record<TrainingPlan['action'], string>> = {
  run: 'the notebook is executed from top to bottom',
  reuse: 'skipped, the result of the last training is used',
  definitions: 'only the definitions that serving needs are executed',
  none: 'none',
};

function trainingLines(training: TrainingPlan): readonly string[] {
  const trained =
    training.trainedAt === undefined || training.why.includes(training.trainedAt)
      ? []
      : [`Trained at ${training.trainedAt}`];
  const unhashed =
    training.unhashed.length === 0
      ? []
      : ['Changes here are not noticed:', ...training.unhashed.map((one) => `  ${one}`)];
  return [actions[training.action], training.why, ...trained, ...unhashed];
}

/** A label with its value; further lines stand below the first. Nothing at all when there is no value. */
function field(label: string, ...lines: readonly string[]): readonly string[] {
  return lines.map((line, index) => `  ${(index === 0 ? label : '').padEnd(labelWidth)}${line}`);
}

const mostListed = 20;

function list(label: string, items: readonly string[]): readonly string[] {
  const more = items.length > mostListed ? [`and ${count(items.length - mostListed, 'other')}`] : [];
  return field(label, ...items.slice(0, mostListed), ...more);
}

/** `1 file`, `2 files` */
export function count(number: number, noun: string): string {
  return `${String(number)} ${noun}${number === 1 ? '' : 's'}`;
}
