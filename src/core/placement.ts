/** Where the replicas of a model run. https://kubernetes.io/docs/concepts/scheduling-eviction/ */
export interface Placement {
  /** Labels that a node must have. */
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly tolerations?: readonly Toleration[];
  /** What starts the containers, such as `nvidia` or `gvisor`. */
  readonly runtimeClass?: string;
}

/** A taint of nodes that is no obstacle. */
export interface Toleration {
  readonly key?: string;
  readonly operator?: 'Exists' | 'Equal';
  readonly value?: string;
  readonly effect?: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';
  readonly tolerationSeconds?: number;
}
