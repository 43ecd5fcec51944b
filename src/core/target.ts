import type { Autoscale } from './autoscale';
import type { Bundle, BundleRuntime } from './bundle';
import type { Cluster, ForwardState } from './cluster';
import type { DeployedModel } from './deployment';
import type { Platform } from './image';
import type { Exposure } from './exposure';
import type { LogLine, LogOptions } from './logs';
import type { NetworkRules } from './network';
import type { ObjectOwner } from './owner';
import type { Placement } from './placement';
import type { Finding } from './project';
import type { Provenance } from './release';
import type { ResourceNeed } from './resources';

/**
 * One place where models run. Optional members are its capabilities: commands and menu items exist only where they do.
 * Every method throws the signal's reason when aborted and leaves nothing half done.
 */
export type Target = BundleTarget | ImageTarget;

/** Runs what a bundle on this machine holds. */
export interface BundleTarget extends AnyTarget {
  readonly accepts: 'bundle';
  /** The exclusive right to change one model, free again when disposed or when this process dies. @throws UserError DeployInProgress */
  reserve(name: string, signal: AbortSignal): Promise<Reservation<BundleContent>>;
}

/** Runs images, which it pulls from a registry. */
export interface ImageTarget extends AnyTarget {
  readonly accepts: 'image';
  /**
   * Whether a model could be deployed now, asked before anything is built. Changes nothing.
   * @throws UserError that names what is missing
   */
  preflight(intent: DeployIntent, signal: AbortSignal): Promise<Readiness>;
  /** Whether the target measures what an autoscaler is to go by. @throws UserError MetricMissing */
  checkAutoscale?: (autoscale: Autoscale, signal: AbortSignal) => Promise<void>;
  /** What a deploy of a first release would make there. Nothing is connected. */
  render?: (name: string, request: DeployRequest<ImageContent>) => Promise<readonly ClusterObject[]>;
  /** What a deploy would change, as the target tells it, which changes nothing. @throws UserError as the deploy */
  changes?: (
    name: string,
    request: DeployRequest<ImageContent>,
    signal: AbortSignal,
  ) => Promise<readonly ObjectChange[]>;
  /** As {@link BundleTarget.reserve}. */
  reserve(name: string, signal: AbortSignal): Promise<Reservation<ImageContent>>;
  /** A release with all that another target needs to run it. @throws UserError ReleaseMissing */
  readRelease?: (name: string, version: number, signal: AbortSignal) => Promise<KeptRelease>;
  /** Names of what it has for pulling from a registry; empty where it has nothing, or does not tell. */
  pullSecrets?: (registry: string, signal: AbortSignal) => Promise<readonly string[]>;
  /** Keeps a credential with the target, for pulling. @returns the name under which it is kept */
  createPullSecret?: (registry: string, credential: PullCredential, signal: AbortSignal) => Promise<string>;
}

/** What a node shows to a registry. Never logged. */
export interface PullCredential {
  readonly username: string;
  readonly password: string;
}

/** What is known of a release before it is built. */
export interface DeployIntent {
  readonly name: string;
  /** What the image is for, or is going to be made for; by default what the target has most of. */
  readonly platforms?: readonly Platform[];
  /** What a replica asks for, and the most that it may take. */
  readonly resources?: ResourceNeed;
  readonly limits?: ResourceNeed;
  readonly placement?: Placement;
  readonly replicas?: number;
  readonly network?: NetworkRules;
  readonly exposure?: Exposure;
}

/** What a target tells beforehand. */
export interface Readiness {
  /** What the image must be made for. */
  readonly platform: Platform;
  /** What may go wrong, though nothing forbids to try. */
  readonly warnings: readonly Finding[];
}

/** A release as a target keeps it. */
export interface KeptRelease {
  readonly model: string;
  readonly version: number;
  readonly content: ImageContent;
  readonly provenance: Provenance;
  readonly port: number;
  readonly readyTimeoutSeconds: number;
  /** What it is given; the values are told to nobody. */
  readonly secretNames: readonly string[];
}

interface AnyTarget {
  /** Stable, as users type it: `local`, `kubernetes:CONTEXT/NAMESPACE`. */
  readonly id: string;
  readonly displayName: string;
  /** For a namespace of a cluster: all of those that the user may see, and any other by its name. */
  readonly namespaces?: {
    readonly cluster: string;
    list(signal: AbortSignal): Promise<readonly string[]>;
    open(namespace: string): Target;
  };
  /** Asks no model whether it answers at an address beyond: {@link addressed} does. */
  models(signal: AbortSignal): Promise<readonly DeployedModel[]>;
  /** The models with the addresses beyond the target at which they answer, or why they do not. Takes seconds where one is silent. */
  addressed?: (models: readonly DeployedModel[], signal: AbortSignal) => Promise<readonly DeployedModel[]>;
  /** A snapshot at once, then one after every change, until aborted. */
  watchModels(signal: AbortSignal): AsyncIterable<readonly DeployedModel[]>;
  /** @throws UserError ModelNotFound */
  logs(name: string, options: LogOptions, signal: AbortSignal): AsyncIterable<LogLine>;
  remove(name: string, signal: AbortSignal): Promise<void>;
  scale?: (name: string, replicas: number, signal: AbortSignal) => Promise<void>;
  /** Leaves the number of replicas to the target, or with undefined to people again. */
  autoscale?: (name: string, autoscale: Autoscale | undefined, signal: AbortSignal) => Promise<void>;
  /** To `version`, by default the release before the current one. */
  rollback?: (name: string, version: number | undefined, signal: AbortSignal) => Promise<DeployedModel>;
  /** Replaces the replicas one after the other, without a request that fails. */
  restart?: (name: string, signal: AbortSignal) => Promise<void>;
  stop?: (name: string, signal: AbortSignal) => Promise<void>;
  start?: (name: string, secrets: Secrets, signal: AbortSignal) => Promise<void>;
  /** What the release of a model is made of, to be applied by others. @throws UserError ModelNotFound */
  manifests?: (name: string, signal: AbortSignal) => Promise<readonly ClusterObject[]>;
  /** What changes left that never came to their end: whoever made them was killed, or lost the target. Changes nothing. */
  leftovers?: (signal: AbortSignal) => Promise<readonly Leftover[]>;
  /** Does what the leftover of a model tells. @throws UserError DeployInProgress when somebody changes the model now */
  cleanUp?: (name: string, signal: AbortSignal) => Promise<void>;
  /** The key that a model asks for; undefined where it has none. */
  key?: (name: string, signal: AbortSignal) => Promise<string | undefined>;
  /** Gives a model another key, and waits until it asks for that one. @throws UserError KeyMissing, KeyNotTaken */
  rotateKey?: (name: string, signal: AbortSignal) => Promise<string>;
  /**
   * Opens a way to a model whose endpoint this machine cannot reach. Where a target has it, an endpoint is only shown.
   * @throws UserError ModelNotFound, ModelNotReady
   */
  forward?: (name: string, signal: AbortSignal) => Promise<Forward>;
  /**
   * As `forward`, for as long as the model is there, whatever happens to its replicas and to the network. Active is what
   * has answered.
   * @param local port of this machine, if it is free
   * @throws UserError ModelNotFound
   */
  holdForward?: (name: string, local: number, signal: AbortSignal) => AsyncIterable<ForwardState>;
}

/** An object of a cluster, as its files name it. */
export interface ClusterObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

/** What would become of an object. */
export interface ObjectChange {
  readonly action: 'create' | 'update' | 'delete';
  readonly kind: string;
  readonly name: string;
  /** As YAML, without values of secrets; empty where there is no object. */
  readonly before: string;
  readonly after: string;
}

/** What is left of a change of a model. */
export interface Leftover {
  readonly model: string;
  /** What there is, and what cleaning up does with it: a sentence each. */
  readonly found: string;
  readonly cure: string;
}

/** A way to a model, open until it is closed. */
export interface Forward {
  /** On this machine; it answered. */
  readonly url: string;
  readonly close: () => Promise<void>;
}

export interface Reservation<Content extends ReleaseContent = ReleaseContent> {
  /**
   * Starts what the release will need while it is still being made. A help only: without it, or where it failed, `deploy`
   * does the same later.
   */
  prepare?: (coming: ComingRelease, signal: AbortSignal) => Promise<void>;
  /**
   * Rolls the release out beside the running one and ends when it took over.
   * @throws UserError RolloutFailed when it never became ready; the release before it still answers.
   */
  deploy(request: DeployRequest<Content>, signal: AbortSignal): AsyncIterable<RolloutStep>;
  release(): Promise<void>;
}

/** What is known of a release before its notebook was executed. */
export interface ComingRelease {
  readonly runtime: BundleRuntime;
  /** Folder of the notebook, absolute. */
  readonly workdir: string;
  readonly env: Readonly<Record<string, string>>;
  readonly secrets: Secrets;
}

/** What runs. */
export type ReleaseContent = BundleContent | ImageContent;

export interface BundleContent {
  readonly kind: 'bundle';
  readonly bundle: Bundle;
  readonly runtime: BundleRuntime;
}

export interface ImageContent {
  readonly kind: 'image';
  /** By digest: `HOST/REPOSITORY@sha256:…`. */
  readonly image: string;
  /** Port inside, and the path that answers 200 when it can predict. */
  readonly port: number;
  readonly health: string;
  /** Whether it answers on for a while after it was told to end, as Slipway's server does. */
  readonly drains: boolean;
  /** Most that a replica may take, where the project says so. */
  readonly limits: ResourceNeed;
  readonly placement?: Placement;
  readonly network?: NetworkRules;
  readonly exposure?: Exposure | undefined;
}

export interface DeployRequest<Content extends ReleaseContent = ReleaseContent> {
  readonly content: Content;
  readonly provenance: Provenance;
  readonly replicas: number | undefined;
  /** Undefined: as it is, so that what was set by hand stays. */
  readonly autoscale?: Autoscale | undefined;
  readonly port: number | undefined;
  readonly readyTimeoutSeconds: number;
  readonly secrets: Secrets;
}

/** Values by name. They never enter argv, files, plans or logs. */
export type Secrets = Readonly<Record<string, string>>;

export type RolloutStep =
  | { readonly kind: 'progress'; readonly step: string; readonly message: string }
  | { readonly kind: 'ready'; readonly model: DeployedModel };

/** Finds the targets of one kind that this machine can reach. Loaded, with its SDK, on first use. */
export interface TargetKind {
  readonly id: string;
  readonly displayName: string;
  /** The target that a user named, such as `local` or `kubernetes:CONTEXT/NAMESPACE`; undefined when the name is of another kind. */
  open(id: string, context: TargetContext): Target | undefined;
  /** Targets whose models are shown: of clusters, those that were deployed to from this machine. */
  discover(context: TargetContext, signal: AbortSignal): Promise<readonly Target[]>;
  /** Targets that one can deploy to. Nothing is connected. */
  choices(context: TargetContext, signal: AbortSignal): Promise<readonly Target[]>;
  clusters(context: TargetContext, signal: AbortSignal): Promise<readonly Cluster[]>;
}

/** What every kind is given: where Slipway keeps its state, what ships with it and how it names itself to others. */
export interface TargetContext {
  readonly home: string;
  /** Folder `resources` of this installation. */
  readonly resources: string;
  /** Shown to others who find a model being changed: `VS Code` or `slipway`. */
  readonly program: string;
  /** Kubeconfig files to use instead of those of the environment; empty for those. */
  readonly kubeconfig?: string;
  /** Proxy that the editor is set to; that of the environment counts without. */
  readonly proxy?: string;
  /** Namespaces to show to those who may not list them. */
  readonly namespaces?: readonly string[];
  /** The cluster that comes first here, and the namespace to look at in it. */
  readonly pinned?: { readonly context: string; readonly namespace: string | undefined };
  /** Whether nodes may be cordoned and drained, where the cluster allows it, too. */
  readonly nodeOperations?: boolean;
  /** Asked before a model is changed that others look after. Without, it is left alone. @returns whether it is changed */
  readonly takeOver?: (question: TakeOverQuestion, signal: AbortSignal) => Promise<boolean>;
}

/** Who looks after a model beside Slipway, and will undo a change or is overruled by it. */
export interface TakeOverQuestion {
  readonly model: string;
  /** The target's id. */
  readonly target: string;
  readonly owners: readonly ObjectOwner[];
}

export type LoadTargetKind = () => Promise<TargetKind>;
