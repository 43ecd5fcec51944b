/** An object as the API server tells it, in JSON: what every object has. */
export interface KubeObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: KubeMetadata;
}

export interface KubeMetadata {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly creationTimestamp: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
  /** Who set which fields: https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management */
  readonly managedFields?: readonly { readonly manager?: string; readonly subresource?: string }[];
}

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
}

/** A kind of objects, as it stands in the address of a request. */
export interface Resource {
  /** `v1`, `apps/v1`. */
  readonly apiVersion: string;
  /** In lower case and plural: `pods`. */
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

/** Address of all objects of a kind, or of those of a namespace, or of one. */
export function resourcePath(resource: Resource, namespace?: string, name?: string): string {
  const { apiVersion, plural, namespaced } = resource;
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const scope = namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  return `${root}${scope}/${plural}${name === undefined ? '' : `/${encodeURIComponent(name)}`}`;
}

const core = (kind: string, plural: string, namespaced = true): Resource => ({
  apiVersion: 'v1',
  plural,
  kind,
  namespaced,
});
const apps = (kind: string, plural: string): Resource => ({ apiVersion: 'apps/v1', plural, kind, namespaced: true });

/** The kinds that are built into every cluster and that Slipway knows by name. */
export const resources = {
  pods: core('Pod', 'pods'),
  nodes: core('Node', 'nodes', false),
  namespaces: core('Namespace', 'namespaces', false),
  events: core('Event', 'events'),
  services: core('Service', 'services'),
  configMaps: core('ConfigMap', 'configmaps'),
  secrets: core('Secret', 'secrets'),
  serviceAccounts: core('ServiceAccount', 'serviceaccounts'),
  resourceQuotas: core('ResourceQuota', 'resourcequotas'),
  limitRanges: core('LimitRange', 'limitranges'),
  persistentVolumeClaims: core('PersistentVolumeClaim', 'persistentvolumeclaims'),
  deployments: apps('Deployment', 'deployments'),
  replicaSets: apps('ReplicaSet', 'replicasets'),
  statefulSets: apps('StatefulSet', 'statefulsets'),
  daemonSets: apps('DaemonSet', 'daemonsets'),
  jobs: { apiVersion: 'batch/v1', plural: 'jobs', kind: 'Job', namespaced: true },
  cronJobs: { apiVersion: 'batch/v1', plural: 'cronjobs', kind: 'CronJob', namespaced: true },
  horizontalPodAutoscalers: {
    apiVersion: 'autoscaling/v2',
    plural: 'horizontalpodautoscalers',
    kind: 'HorizontalPodAutoscaler',
    namespaced: true,
  },
  podDisruptionBudgets: {
    apiVersion: 'policy/v1',
    plural: 'poddisruptionbudgets',
    kind: 'PodDisruptionBudget',
    namespaced: true,
  },
  ingresses: { apiVersion: 'networking.k8s.io/v1', plural: 'ingresses', kind: 'Ingress', namespaced: true },
  /** An addition to the cluster. */
  httpRoutes: {
    apiVersion: 'gateway.networking.k8s.io/v1',
    plural: 'httproutes',
    kind: 'HTTPRoute',
    namespaced: true,
  },
  networkPolicies: {
    apiVersion: 'networking.k8s.io/v1',
    plural: 'networkpolicies',
    kind: 'NetworkPolicy',
    namespaced: true,
  },
  leases: { apiVersion: 'coordination.k8s.io/v1', plural: 'leases', kind: 'Lease', namespaced: true },
  nodeMetrics: { apiVersion: 'metrics.k8s.io/v1beta1', plural: 'nodes', kind: 'NodeMetrics', namespaced: false },
  podMetrics: { apiVersion: 'metrics.k8s.io/v1beta1', plural: 'pods', kind: 'PodMetrics', namespaced: true },
} as const satisfies Record<string, Resource>;

/** Where objects of a kind that Slipway makes are. */
export function resourceOf(kind: string): Resource {
  const found = Object.values(resources).find((one) => one.kind === kind);
  if (found === undefined) throw new Error(`no resource is known for ${kind}`);
  return found;
}
