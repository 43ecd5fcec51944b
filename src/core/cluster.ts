import type { LogLine, LogOptions } from './logs';
import type { ObjectOwner } from './owner';

/** What the user explores: this machine, an engine, a swarm, a Kubernetes context. Nothing is connected before a row is watched. */
export interface Cluster {
  /** Stable: `local`, `kubernetes:CONTEXT`. */
  readonly id: string;
  readonly displayName: string;
  /** Shown beside the name: where it comes from. */
  readonly description?: string;
  /** Whether it is opened without being asked to, since that costs nothing. */
  readonly opensAtOnce: boolean;
  /** Whether it is the one of this workspace, which comes first. */
  readonly pinned?: boolean;
  /** Changes when the way to reach it does: what was opened is then opened again. */
  readonly revision?: string;
  /** Why it cannot be explored at all: its entry in the configuration is broken. */
  readonly problem?: ClusterProblem;
  /**
   * What stands below a row, or at the top: at once, then after every change, at most a few times a second, until aborted.
   * @throws UserError when asking again does not help: a right that is missing, a kind that the cluster does not have
   */
  watch(row: ClusterRow | undefined, signal: AbortSignal): AsyncIterable<ClusterRows>;
  /** What can be done with its objects; absent where it has none. */
  objects?: () => Promise<ClusterObjects>;
}

export interface ClusterProblem {
  readonly message: string;
  readonly file: string;
  readonly line?: number;
}

export interface ClusterRows {
  /** The same object for a row that did not change. */
  readonly rows: readonly ClusterRow[];
  /** Whether there are no more rows to come. */
  readonly complete: boolean;
  /** Why the rows may be old: the connection broke and is being made again. */
  readonly stale?: { readonly since: Date; readonly message: string } | undefined;
}

/** An object of a cluster, as requests name it. */
export interface ObjectRef {
  readonly apiVersion: string;
  readonly kind: string;
  /** The kind as it stands in addresses: `pods`. */
  readonly plural: string;
  readonly namespace?: string;
  readonly name: string;
  readonly uid: string;
}

interface Row {
  /** Unique among the rows beside it, and the same for the same thing. */
  readonly id: string;
  readonly name: string;
  /** The object that commands on this row are about. */
  readonly ref?: ObjectRef;
  /** What stands below it, where that is known without asking. */
  readonly rows?: readonly ClusterRow[];
}

export type ClusterRow =
  | SectionRow
  | NodeRow
  | RequestedRow
  | NamespaceRow
  | WorkloadRow
  | PodRow
  | EventRow
  | CheckRow
  | KindRow
  | ObjectRow
  | ProcessRow
  | NoteRow;

export type SectionKind = 'models' | 'controlPlane' | 'nodes' | 'namespaces' | 'events' | 'pods' | 'others';

/** A heading. */
export interface SectionRow extends Row {
  readonly kind: 'section';
  readonly section: SectionKind;
  /** Where it stands: its namespace. */
  readonly namespace?: string;
}

/** Amounts of what can be asked for: cores, bytes, whole devices by resource name. */
export interface Amounts {
  readonly cpu: number;
  readonly memory: number;
  /** GPUs and their like, whole, in MIG slices or shared, by their resource name. */
  readonly devices: Readonly<Record<string, number>>;
}

/** `cordon` both ways. */
export type NodeAction = 'cordon' | 'drain';

export interface NodeRow extends Row {
  readonly kind: 'node';
  readonly ready: boolean;
  readonly roles: readonly string[];
  /** Conditions that are not as they should be: `MemoryPressure`, `NotReady: kubelet stopped posting`. */
  readonly trouble: readonly string[];
  readonly cordoned: boolean;
  /** What the user may do with it. */
  readonly actions?: readonly NodeAction[];
  readonly version: string | undefined;
  readonly architecture: string | undefined;
  readonly allocatable: Amounts;
  /** The model of its GPUs, and how many pods share each, where the node tells. */
  readonly gpu?: { readonly product?: string; readonly sharedBy?: number };
  readonly used: { readonly cpu: number; readonly memory: number } | undefined;
}

/** What the pods of a node ask for, of what it can give. */
export interface RequestedRow extends Row {
  readonly kind: 'requested';
  readonly requested: Amounts;
  readonly allocatable: Amounts;
}

export interface NamespaceRow extends Row {
  readonly kind: 'namespace';
  readonly phase: string;
  /** Whether it was named by the user, who may not list namespaces. */
  readonly named: boolean;
  /** Whether it is the one of this workspace, which comes first. */
  readonly pinned?: boolean;
}

export interface WorkloadRow extends Row {
  readonly kind: 'workload';
  readonly workload: string;
  readonly ready: number;
  readonly desired: number;
  readonly state: 'ok' | 'progressing' | 'failed';
  readonly reason?: string;
  /** The release of the model that it is, where Slipway deployed it. */
  readonly release?: string;
  /** What its autoscaler does, in a few words. */
  readonly autoscale?: string;
  /** Label selector of its pods. */
  readonly selector: string;
}

export interface PodRow extends Row {
  readonly kind: 'pod';
  /** As kubectl shows it: `Running`, `CrashLoopBackOff`, `Pending`. */
  readonly status: string;
  readonly state: 'ok' | 'progressing' | 'failed' | 'done';
  /** The first cause why it is not ready, in the cluster's own words. */
  readonly reason?: string;
  readonly ready: number;
  readonly containers: readonly ContainerState[];
  readonly restarts: number;
  readonly node: string | undefined;
  readonly namespace: string;
  readonly requests: Amounts;
  readonly used?: { readonly cpu: number; readonly memory: number };
}

export interface ContainerState {
  readonly name: string;
  readonly role: 'main' | 'init' | 'ephemeral';
  readonly image: string;
  readonly ready: boolean;
  readonly restarts: number;
  /** `Running`, or why it is not. */
  readonly status: string;
  readonly state: 'ok' | 'progressing' | 'failed' | 'done';
  readonly message?: string;
}

export interface EventRow extends Row {
  readonly kind: 'event';
  readonly warning: boolean;
  readonly reason: string;
  readonly message: string;
  readonly count: number;
  /** ISO 8601 in UTC. */
  readonly at: string;
  /** `Pod/web-1`. */
  readonly about: string;
}

/** A fact about the control plane: its version, a check, who leads. */
export interface CheckRow extends Row {
  readonly kind: 'check';
  readonly ok: boolean;
  readonly text: string;
}

/** A kind of objects in a namespace; its name is that of the kind. */
export interface KindRow extends Row {
  readonly kind: 'kind';
  readonly apiVersion: string;
  readonly plural: string;
  readonly namespace: string;
}

/** An object that nothing is known of but its name and what its kind shows in lists. */
export interface ObjectRow extends Row {
  readonly kind: 'object';
  readonly facts: readonly { readonly name: string; readonly value: string; readonly isDetail: boolean }[];
  /** ISO 8601 in UTC. */
  readonly createdAt: string;
  /** Whether it is being deleted. */
  readonly ends: boolean;
}

/** A process of a model on this machine. */
export interface ProcessRow extends Row {
  readonly kind: 'process';
  readonly model: string;
  readonly pid: number;
  readonly phase: string;
  readonly memory: number | undefined;
}

/** What is to be said where there is nothing to show. */
export interface NoteRow extends Row {
  readonly kind: 'note';
  readonly note: 'forbidden' | 'problem' | 'empty' | 'info';
  readonly message: string;
}

/** What can be done with the objects of a cluster. Everything names its object in full; nothing depends on a current context. */
export interface ClusterObjects {
  /** The object as YAML, without what the server keeps for itself. The values of a Secret are left out. */
  read(ref: ObjectRef, signal: AbortSignal): Promise<string>;
  /** What people want to know of an object, with its events. */
  describe(ref: ObjectRef, signal: AbortSignal): Promise<string>;
  /**
   * What applying an edited text would make of the object; nothing is changed.
   * @param force takes fields over from those who own them
   * @throws UserError ObjectInvalid, KubernetesConflict with `details.causes` that name field and owner, KubernetesInvalid
   */
  preview(edit: ObjectEdit, signal: AbortSignal): Promise<{ readonly before: string; readonly after: string }>;
  /** Applies what was changed in the text. @throws as `preview` */
  apply(edit: ObjectEdit, signal: AbortSignal): Promise<void>;
  remove(ref: ObjectRef, signal: AbortSignal): Promise<void>;
  /** Who looks after an object and would make it again or change it back: its controller, Helm, Argo CD, Flux. */
  owners(ref: ObjectRef, signal: AbortSignal): Promise<readonly ObjectOwner[]>;
  /** Whether new pods may be put on a node. */
  cordon(node: ObjectRef, isCordoned: boolean, signal: AbortSignal): Promise<void>;
  /** Moves the pods of a node elsewhere, one eviction at a time as their disruption budgets allow. Yields what it does. */
  drain(node: ObjectRef, signal: AbortSignal): AsyncIterable<string>;
  /** Runs a command in a container, with a terminal. */
  exec(
    pod: ObjectRef,
    container: string,
    command: readonly string[],
    onOutput: (data: string) => void,
  ): Promise<ExecSession>;
  /** The log of a container, to be read as often as wanted. */
  log(pod: ObjectRef, container: string): (options: LogOptions, signal: AbortSignal) => AsyncIterable<LogLine>;
  /** Ports that the containers of an object's pods declare. */
  ports(ref: ObjectRef, signal: AbortSignal): Promise<readonly number[]>;
  /**
   * Listens on a port of this machine and leads to the pods of a workload, or to those that take the place of a pod, until
   * aborted: the port stays the same however often pods are replaced. Yields how it is, at once and after every change.
   * @param local the port that is wanted; another one is taken where it is not free
   */
  forward(ref: ObjectRef, port: number, local: number, signal: AbortSignal): AsyncIterable<ForwardState>;
}

export interface ExecSession {
  write(data: string): void;
  resize(columns: number, rows: number): void;
  close(): void;
  /** The exit code; rejects when the connection broke before the command ended. */
  readonly exit: Promise<number>;
}

export interface ForwardState {
  readonly phase: 'connecting' | 'active' | 'reconnecting';
  readonly url: string;
  /** The pod that it leads to. */
  readonly pod: string | undefined;
  /** Why it is not active. */
  readonly reason?: string;
}

export interface ObjectEdit {
  readonly ref: ObjectRef;
  /** As it was read. */
  readonly before: string;
  /** As the user left it. */
  readonly after: string;
  readonly force: boolean;
}
