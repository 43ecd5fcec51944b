import type { UserError } from '../../core/errors';
import type { KubeMetadata, KubeObject } from '../../clients/kubernetes/objects';

/** What is read of a Deployment. https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/deployment-v1/ */
export interface Deployment extends KubeObject {
  readonly metadata: KubeMetadata & { readonly generation?: number };
  readonly spec: {
    readonly replicas?: number;
    readonly template?: {
      readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> };
      readonly spec?: PodTemplateSpec;
    };
  };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly updatedReplicas?: number;
    readonly availableReplicas?: number;
    readonly conditions?: readonly Condition[];
  };
}

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

interface Container {
  readonly name: string;
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[];
  readonly resources?: { readonly requests?: Readonly<Record<string, string>> };
}

interface PodTemplateSpec {
  readonly containers?: readonly Container[];
}

export interface Pod extends KubeObject {
  readonly spec?: PodTemplateSpec & { readonly nodeName?: string };
  readonly status?: {
    readonly phase?: string;
    readonly reason?: string;
    readonly message?: string;
    readonly startTime?: string;
    /** Address of its node. */
    readonly hostIP?: string;
    readonly conditions?: readonly Condition[];
    readonly containerStatuses?: readonly ContainerStatus[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
  };
}

export interface ContainerStatus {
  readonly name: string;
  readonly ready: boolean;
  readonly started?: boolean;
  readonly restartCount: number;
  readonly containerID?: string;
  readonly state?: ContainerState;
  readonly lastState?: ContainerState;
}

export interface ContainerState {
  readonly waiting?: { readonly reason?: string; readonly message?: string };
  readonly running?: { readonly startedAt?: string };
  readonly terminated?: {
    readonly exitCode: number;
    readonly reason?: string;
    readonly message?: string;
    readonly startedAt?: string;
    readonly finishedAt?: string;
  };
}

export interface Service extends KubeObject {
  readonly spec?: {
    readonly type?: string;
    readonly ports?: readonly { readonly name?: string; readonly port: number; readonly nodePort?: number }[];
  };
  readonly status?: BalancerStatus;
}

/** Of Services and Ingresses. */
export interface BalancerStatus {
  readonly loadBalancer?: { readonly ingress?: readonly { readonly ip?: string; readonly hostname?: string }[] };
}

/** Of Ingresses and HTTPRoutes. */
export interface Route extends KubeObject {
  readonly status?: BalancerStatus & { readonly parents?: readonly { readonly conditions?: readonly Condition[] }[] };
}

/** https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/horizontal-pod-autoscaler-v2/ */
export interface Autoscaler extends KubeObject {
  readonly spec: {
    readonly scaleTargetRef: { readonly kind: string; readonly name: string };
    readonly minReplicas?: number;
    readonly maxReplicas: number;
    readonly metrics?: readonly Metric[];
    readonly behavior?: { readonly scaleDown?: { readonly stabilizationWindowSeconds?: number } };
  };
  readonly status?: { readonly currentMetrics?: readonly Metric[] | null; readonly conditions?: readonly Condition[] };
}

interface Measure {
  readonly averageUtilization?: number;
  readonly averageValue?: string;
}

export interface Measured {
  readonly target?: Measure;
  readonly current?: Measure;
}

export interface Metric {
  readonly resource?: Measured;
  readonly containerResource?: Measured;
  readonly pods?: Measured;
}

export interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

/** Everything of Slipway's in a namespace that tells how models do. */
export interface Snapshot {
  readonly deployments: readonly Deployment[];
  readonly pods: readonly Pod[];
  readonly releases: readonly ConfigMap[];
  readonly services: readonly Service[];
  /** All of the namespace: one that somebody else made scales, too. */
  readonly autoscalers: readonly Autoscaler[];
  /** Since when nothing is heard, and why: it may all be different now. */
  readonly old?: { readonly since: Date; readonly error: UserError };
}

export function isPodReady(pod: Pod): boolean {
  return (
    pod.metadata.deletionTimestamp === undefined &&
    pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true
  );
}
