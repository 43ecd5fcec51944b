/** Who may reach the replicas of a model on a cluster, and whom they may reach. */
export interface NetworkRules {
  /** Nobody else may; undefined: as the cluster has it. */
  readonly from?: readonly NetworkPeer[];
  /** `none`: the replicas reach nothing, not even names. */
  readonly egress?: 'none';
}

/** Pods of a namespace: all, or those with the labels. Without a namespace those of the model's own. */
export interface NetworkPeer {
  readonly namespace?: string;
  readonly pods?: Readonly<Record<string, string>>;
}
