import type { DeployedModel, Worker } from '../../../src/core/deployment';

export const local = {
  id: 'local',
  displayName: 'This Machine',
  accepts: 'bundle' as const,
  scale: () => Promise.resolve(),
  rollback: () => Promise.reject(new Error('not called')),
  stop: () => Promise.resolve(),
  start: () => Promise.resolve(),
};

export function worker(index: number, rest: Partial<Worker> = {}): Worker {
  return {
    index,
    pid: 4000 + index,
    version: 3,
    phase: 'Ready',
    restarts: 0,
    startedAt: '2026-11-24T09:30:00.000Z',
    memory: 150 * 1024 * 1024,
    ...rest,
  };
}

/** A model with two replicas of its third release. */
export function model(rest: Partial<DeployedModel> = {}): DeployedModel {
  return {
    name: 'iris',
    targetId: 'local',
    phase: 'Ready',
    version: 3,
    endpoint: 'http://127.0.0.1:8000',
    replicas: { desired: 2, ready: 2 },
    workers: [worker(0), worker(1)],
    releases: [
      { version: 1, createdAt: '2026-11-22T09:30:00.000Z', digest: 'sha256:aaaaaaaaaaaaaaaa', status: 'superseded' },
      {
        version: 2,
        createdAt: '2026-11-23T09:30:00.000Z',
        digest: 'sha256:bbbbbbbbbbbbbbbb',
        status: 'failed',
        reason: 'load() raised ValueError',
      },
      { version: 3, createdAt: '2026-11-24T09:30:00.000Z', digest: 'sha256:cccccccccccccccc', status: 'active' },
    ],
    reason: undefined,
    rollout: undefined,
    peakMemory: 160 * 1024 * 1024,
    updatedAt: '2026-11-24T09:31:00.000Z',
    ...rest,
  };
}
