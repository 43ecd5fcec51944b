import type { DockerfilePlan, ImagePlan, LayerKind, PlannedLayer } from '../core/imagePlan';
import { count, formatBytes } from './formatPlan';

const labelWidth = 14;
const mostListed = 20;

const titles: Readonly<Record<LayerKind, string>> = {
  environment: 'virtual environment',
  packages: 'packages',
  byteCode: 'byte code',
  support: "what Slipway's server needs",
  server: "Slipway's server",
  data: 'weights and data',
  code: 'code and model',
};

/** An image plan as text: the same lines in a terminal, in the log and in the editor's document. */
export function formatImagePlan(plan: ImagePlan | DockerfilePlan): string {
  return 'dockerfile' in plan ? formatDockerfilePlan(plan) : formatLayers(plan);
}

function formatDockerfilePlan(plan: DockerfilePlan): string {
  const { files } = plan;
  return [
    titleLine(plan),
    ...field('Builder', 'the Docker engine of your context'),
    ...field('Dockerfile', plan.dockerfile),
    ...field('Base', ...plan.bases),
    ...field('Platform', plan.platform),
    ...field('Files', `${count(files.count, 'file')}, ${formatBytes(files.bytes)}`),
    ...field('Left out', ...leftOutLines(plan)),
    ...field('Port', `${plan.port}, ready when ${plan.health} answers`),
  ].join('\n');
}

function titleLine({ name, destination }: ImagePlan | DockerfilePlan): string {
  return `Image of ${name}${destination === undefined ? '' : ` for ${destination}`}`;
}

function formatLayers(plan: ImagePlan): string {
  const { base } = plan;
  const known = plan.layers.reduce((sum, layer) => sum + (layer.bytes ?? 0), 0);
  return [
    titleLine(plan),
    ...(plan.apt === undefined ? [] : field('Builder', 'the Docker engine of your context')),
    ...field('Base', base.reference, `${count(base.layers, 'layer')}, ${formatBytes(base.bytes)}; ${base.offers}`),
    ...field('Platform', plan.platform),
    ...(plan.apt === undefined ? [] : field('System', ...plan.apt)),
    ...field('Python', plan.python),
    ...field('Lock', plan.lock),
    ...field('Layers', `${plan.layers.length} on top of the base, about ${formatBytes(known)}`),
    ...plan.layers.flatMap(layerLines),
    ...(plan.noByteCode === undefined ? [] : field('Byte code', `none: ${plan.noByteCode}`)),
    ...field('Left out', ...leftOutLines(plan)),
    ...field('Starts', plan.command.join(' ')),
    ...field('User', `${plan.user}, or any other: the root file system may be read-only, /tmp is written`),
    ...field('Port', `${plan.port}, ready when ${plan.health} answers`),
  ].join('\n');
}

function layerLines({ kind, holds, bytes }: PlannedLayer): readonly string[] {
  const size = bytes === undefined ? '' : formatBytes(bytes);
  const shown = holds.slice(0, mostListed).join(', ');
  const more = holds.length > mostListed ? ` and ${holds.length - mostListed} more` : '';
  const what = ['packages', 'support', 'byteCode', 'data'].includes(kind) ? `: ${shown}${more}` : '';
  return [`  ${''.padEnd(labelWidth)}${size.padStart(8)}  ${titles[kind]}${what}`];
}

function leftOutLines({ leftOut }: Pick<ImagePlan, 'leftOut'>): readonly string[] {
  const lines = leftOut.slice(0, mostListed).map((one) => `${one.path}: ${one.reason}`);
  return leftOut.length > mostListed ? [...lines, `and ${leftOut.length - mostListed} more`] : lines;
}

/** A label with its value; further lines stand below the first. Nothing at all when there is no value. */
function field(label: string, ...lines: readonly string[]): readonly string[] {
  return lines.map((line, index) => `  ${(index === 0 ? label : '').padEnd(labelWidth)}${line}`);
}
