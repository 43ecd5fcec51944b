/** Labels and annotations of what Slipway makes. https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/ */
export const labels = {
  name: 'app.kubernetes.io/name',
  version: 'app.kubernetes.io/version',
  managedBy: 'app.kubernetes.io/managed-by',
  model: 'slipway.dev/model',
  release: 'slipway.dev/release',
} as const;

export const annotations = {
  /** Digest of the image, for people who look at the object. */
  image: 'slipway.dev/image',
  createdBy: 'slipway.dev/created-by',
  project: 'slipway.dev/project',
  commit: 'slipway.dev/commit',
  /** On a release: `ready` or `failed` once it was tried. */
  outcome: 'slipway.dev/outcome',
  /** On a release that failed: why, as JSON. */
  failure: 'slipway.dev/failure',
  /** On a Deployment that was stopped: how many replicas it had. */
  replicas: 'slipway.dev/replicas',
  /** On the pods of a Deployment: when they were replaced by newer ones of the same release. */
  restartedAt: 'slipway.dev/restarted-at',
} as const;

export const manager = 'slipway';
export const ours = `${labels.managedBy}=${manager}`;

export function ofModel(name: string): string {
  return `${ours},${labels.model}=${name}`;
}

export const container = 'model';
export const portName = 'http';

export function releaseName(model: string, version: number): string {
  return `${model}.v${String(version)}`;
}

/** Entry of the Secret with a model's key, and so name of the file that a pod reads. */
export const keyEntry = 'key';

/** Secret with the key of a model. */
export function keyName(model: string): string {
  return `${model}-key`;
}

export function leaseName(model: string): string {
  return `slipway-${model}`;
}
