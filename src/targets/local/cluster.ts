import { cpus, freemem, totalmem } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { watchModels } from './watchModels';
import { homeAt } from '../../core/home';
import type { DeployedModel } from '../../core/deployment';
import type { Cluster, ClusterRows, ProcessRow } from '../../core/cluster';
import type { TargetContext } from '../../core/target';

const refreshMs = 2000;

/** This machine as a cluster of one node: its load, its memory and the processes of its models. */
export function localCluster(context: TargetContext, host: string): Cluster {
  return {
    id: 'local',
    displayName: 'This Machine',
    opensAtOnce: true,
    watch: (_row, signal) => watchMachine(context, host, signal),
  };
}

async function* watchMachine(context: TargetContext, host: string, signal: AbortSignal): AsyncGenerator<ClusterRows> {
  const stop = new AbortController();
  const inner = AbortSignal.any([signal, stop.signal]);
  let models: readonly DeployedModel[] = [];
  const following = (async () => {
    for await (const next of watchModels(homeAt(context.home), context.program, inner)) models = next;
  })();
  following.catch(() => undefined);
  let before = cpuTimes();
  try {
    for (;;) {
      await delay(200, undefined, { signal });
      const now = cpuTimes();
      const busy = now.total === before.total ? 0 : (now.busy - before.busy) / (now.total - before.total);
      before = now;
      yield {
        complete: true,
        rows: [
          {
            kind: 'node',
            id: host,
            name: host,
            ready: true,
            roles: [],
            trouble: [],
            cordoned: false,
            version: undefined,
            architecture: undefined,
            allocatable: { cpu: cpus().length, memory: totalmem(), devices: {} },
            used: { cpu: busy * cpus().length, memory: totalmem() - freemem() },
            rows: models.flatMap(processesOf),
          },
        ],
      };
      await delay(refreshMs - 200, undefined, { signal });
    }
  } finally {
    stop.abort();
    await following.catch(() => undefined);
  }
}

function processesOf(model: DeployedModel): readonly ProcessRow[] {
  return model.workers.flatMap((worker) =>
    worker.pid === undefined
      ? []
      : [
          {
            kind: 'process' as const,
            id: `${model.name}/${String(worker.pid)}`,
            name: `${model.name} ${String(worker.version)}/${String(worker.index)}`,
            model: model.name,
            pid: worker.pid,
            phase: worker.phase,
            memory: worker.memory,
          },
        ],
  );
}

function cpuTimes(): { readonly busy: number; readonly total: number } {
  const sums = cpus().map(({ times }) => ({
    idle: times.idle,
    total: times.user + times.nice + times.sys + times.idle + times.irq,
  }));
  const total = sums.reduce((sum, one) => sum + one.total, 0);
  return { total, busy: total - sums.reduce((sum, one) => sum + one.idle, 0) };
}
