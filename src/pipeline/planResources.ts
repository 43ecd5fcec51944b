import { mkdir, readdir, statfs } from 'node:fs/promises';
import { freemem } from 'node:os';
import { installNeed, type InstallNeed } from '../clients/python/downloads';
import type { PlanResources } from '../core/plan';
import type { Finding, Project } from '../core/project';
import { quantityBytes, resourceNeed } from '../core/resources';
import { formatBytes } from './formatPlan';
import type { Solved } from './prepareEnvironment';
import type { Services } from './services';
import type { TrainingChoice } from './trainingChoice';

/** Measured as 2.9 to 3.3 over scientific packages: wheels are compressed, and nothing is kept twice (uv links). */
const unpackedFactor = 3.3;

/** Measured sizes of the wheels in `supportRequirements` and `runnerRequirements`. */
const ownBytes = { support: 24_400_000, runner: 2_900_000 };

/** What the deploy needs against what is free. */
export async function planResources(
  services: Services,
  job: { readonly project: Project; readonly replicas: number; readonly fileBytes: number },
  solved: Solved,
  choice: TrainingChoice,
  signal: AbortSignal,
): Promise<PlanResources> {
  const { home } = services;
  await mkdir(home.root, { recursive: true });
  const disk = await statfs(home.root);
  const uv = await services.uv(signal);
  const need = await installNeed(uv, home, solved.lock, solved.python.interpreter, signal);
  const own = need === undefined ? 0 : await ownDownload(services, solved.python.interpreter.minor);
  const memory = memoryNeed(job.project, choice);
  return {
    diskFree: disk.bavail * disk.bsize,
    memoryFree: freemem(),
    ...(need === undefined ? {} : { download: { ...need, own } }),
    diskNeed: diskNeed(need, own, job.fileBytes),
    ...(memory === undefined ? {} : { memory: { ...memory, replicas: job.replicas } }),
  };
}

/** What does not fit into what is free. A deploy goes on: both are estimates, and others may free what they hold. */
export function shortages(resources: PlanResources): readonly Finding[] {
  const { diskFree, diskNeed: disk, memoryFree, memory } = resources;
  const found: Finding[] = [];
  if (disk > diskFree) {
    found.push({
      code: 'DiskShort',
      severity: 'warning',
      message: `About ${formatBytes(disk)} of disk space are needed and ${formatBytes(diskFree)} are free. Run Free Space, or move the home folder to another disk.`,
    });
  }
  if (memory !== undefined && memory.bytes * memory.replicas > memoryFree) {
    found.push({
      code: 'MemoryShort',
      severity: 'warning',
      message: `${count(memory.replicas)} of ${memory.quantity} need ${formatBytes(memory.bytes * memory.replicas)} of memory and ${formatBytes(memoryFree)} are free (${memory.why}). Stop other programs, or ask for fewer replicas.`,
    });
  }
  return found;
}

function count(replicas: number): string {
  return replicas === 1 ? 'One replica' : `${String(replicas)} replicas`;
}

function diskNeed(need: InstallNeed | undefined, own: number, fileBytes: number): number {
  return Math.round(((need?.bytes ?? 0) + own) * unpackedFactor) + fileBytes;
}

function memoryNeed(
  { config }: Project,
  choice: TrainingChoice,
): Omit<NonNullable<PlanResources['memory']>, 'replicas'> | undefined {
  const peak = choice.kind === 'reuse' ? choice.record.peakMemory : null;
  const quantity = resourceNeed(config.resources, peak)?.memory;
  const bytes = quantity === undefined ? undefined : quantityBytes(quantity);
  if (quantity === undefined || bytes === undefined) return undefined;
  const why =
    config.resources?.memory === undefined
      ? `1.5 times the ${formatBytes(peak ?? 0)} that were seen when it was verified`
      : 'slipway.yaml';
  return { quantity, bytes, why };
}

/** What Slipway itself fetches before its first deploy with a Python. */
async function ownDownload({ home }: Services, minor: string): Promise<number> {
  const support = await holds(home.support, `py${minor}-`);
  const runner = await holds(home.tools, 'runner-');
  return (support ? 0 : ownBytes.support) + (runner ? 0 : ownBytes.runner);
}

async function holds(folder: string, prefix: string): Promise<boolean> {
  return (await readdir(folder).catch(() => [])).some((name) => name.startsWith(prefix));
}
