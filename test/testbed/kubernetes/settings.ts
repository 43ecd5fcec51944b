import type { Certificates } from './certificates';
import type { Machine } from './machine';
import type { Users } from './users';

/** What the parts of a cluster must agree on. The machine has a network of its own: fixed ports are free in it. */
export interface Settings {
  readonly machine: Machine;
  readonly certificates: Certificates;
  readonly users: Users;
  /** The node's address, at which everything listens that something else calls. */
  readonly address: string;
  /** `https://ADDRESS:PORT` of the API server. */
  readonly server: string;
  /** `ADDRESS:PORT` of the registry, the same inside and outside of the machine. */
  readonly registry: string;
  /** Fake nodes by the thousand: they tell seldom that they live. */
  readonly isLarge: boolean;
  /** Nodes keep few bytes of a container's log, so that much is thrown away soon. */
  readonly keepsLittle: boolean;
}

export const nodeName = 'node-1';
export const apiPort = 6443;
export const registryPort = 5000;
export const metricsPort = 4443;
export const podRange = '10.244.0.0/16';
export const serviceRange = '10.96.0.0/16';
export const pauseImage = 'testbed/pause:1';
