import type { Certificates } from './certificates';
import type { Machine } from './machine';
import type { Users } from './users';

/** A node, which is a kubelet with what it needs. */
export interface Node {
  readonly name: string;
  /** At which the cluster reaches it. */
  readonly address: string;
  /** Of its pods. */
  readonly podRange: string;
}

/** What the parts of a cluster must agree on. Machines have networks of their own: fixed ports are free in them. */
export interface Settings {
  /** The folder of `kubernetesBinaries('cluster')`. */
  readonly programs: string;
  /** Where things are started. */
  readonly machine: Machine;
  /** The node on that machine. */
  readonly node: Node;
  readonly certificates: Certificates;
  readonly users: Users;
  /** The first machine's address, at which everything listens that something else calls. */
  readonly address: string;
  /** `https://ADDRESS:PORT` of the API server. */
  readonly server: string;
  /** `ADDRESS:PORT` of the registry, the same inside and outside of the machine. */
  readonly registry: string;
  /** When a silent node counts as lost, where it is not after 50 seconds. */
  readonly loss: Loss | undefined;
  /** The folder of what enforces NetworkPolicies, where nodes are to do that. */
  readonly policies: string | undefined;
  /** Nodes keep few bytes of a container's log, so that much is thrown away soon. */
  readonly keepsLittle: boolean;
}

export interface Loss {
  readonly graceSeconds: number;
  /** How often it is looked at. */
  readonly periodSeconds: number;
}

export const apiPort = 6443;
export const registryPort = 5000;
export const metricsPort = 4443;
export const podRange = '10.244.0.0/16';
export const serviceRange = '10.96.0.0/16';
export const pauseImage = 'testbed/pause:1';
