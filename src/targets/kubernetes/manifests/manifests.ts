import type { Manifest } from '../../../clients/kubernetes/change';
import type { ResourceNeed } from '../../../core/resources';
import { needsKey, type Exposure } from '../../../core/exposure';
import { serviceType } from './exposure';
import { modelLabels } from './modelLabels';
import { annotations, container, keyEntry, keyName, labels, portName, releaseName } from '../names';
import { releaseLabels, type ReleaseSpec } from '../state/release';

/** How long a pod answers on after it was told to end, so that every load balancer has seen that it leaves. */
const drainSeconds = 5;
/** So much longer than a deploy waits a pod may load before the kubelet starts it again. */
const spareSeconds = 30;
/** So long a pod stays on a node that is not heard of; Kubernetes itself would wait five minutes. */
const lostNodeSeconds = 30;
/** Where a pod finds the key that it asks for. */
const keyFolder = '/var/run/slipway';
/** Time for the requests that are being answered then. */
const graceSeconds = 60;

/**
 * The objects of a release, for server-side apply. The number of replicas is none of it: that belongs to whoever scales.
 * Equal releases make equal objects, so going back to one starts no pod that runs already.
 */
export function releaseManifests(
  release: ReleaseSpec,
  namespace: string,
  exposure: Exposure | undefined = release.image.exposure,
): readonly Manifest[] {
  return [
    serviceAccount(release, namespace),
    serviceManifest(release, namespace, exposure),
    deployment(release, namespace),
  ];
}

export function secretManifest(
  release: ReleaseSpec,
  namespace: string,
  values: Readonly<Record<string, string>>,
): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: releaseName(release.model, release.version), namespace, labels: releaseLabels(release) },
    type: 'Opaque',
    immutable: true,
    stringData: values,
  };
}

function serviceAccount({ model }: ReleaseSpec, namespace: string): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: model, namespace, labels: modelLabels(model) },
    automountServiceAccountToken: false,
  };
}

export function serviceManifest(
  { model, port }: ReleaseSpec,
  namespace: string,
  exposure: Exposure | undefined,
): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: model, namespace, labels: modelLabels(model) },
    spec: {
      ...serviceType(exposure),
      selector: { [labels.model]: model },
      ports: [{ name: portName, port, targetPort: portName, protocol: 'TCP' }],
    },
  };
}

function deployment(release: ReleaseSpec, namespace: string): Manifest {
  const { model } = release;
  const shared = releaseLabels(release);
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: model, namespace, labels: shared, annotations: originOf(release) },
    spec: {
      selector: { matchLabels: { [labels.model]: model } },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
      minReadySeconds: 1,
      revisionHistoryLimit: 3,
      template: { metadata: { labels: shared }, spec: podSpec(release) },
    },
  };
}

function podSpec(release: ReleaseSpec) {
  const { model, pullSecrets } = release;
  return {
    serviceAccountName: model,
    automountServiceAccountToken: false,
    ...(pullSecrets.length === 0 ? {} : { imagePullSecrets: pullSecrets.map((name) => ({ name })) }),
    enableServiceLinks: false,
    terminationGracePeriodSeconds: drainSeconds + graceSeconds,
    securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    tolerations: tolerationsOf(release),
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: 'kubernetes.io/hostname',
        whenUnsatisfiable: 'ScheduleAnyway',
        labelSelector: { matchLabels: { [labels.model]: model } },
      },
    ],
    ...placementOf(release),
    containers: [containerOf(release)],
    volumes: [{ name: 'tmp', emptyDir: {} }, ...sharedMemoryOf(release), ...keyVolume(release)],
  };
}

function placementOf({ image: { placement = {} } }: ReleaseSpec) {
  const { nodeSelector, runtimeClass } = placement;
  return {
    ...(nodeSelector === undefined ? {} : { nodeSelector }),
    ...(runtimeClass === undefined ? {} : { runtimeClassName: runtimeClass }),
  };
}

/** Those that were asked for, and how long a pod stays with a node that is lost unless they say so. */
function tolerationsOf({ image: { placement } }: ReleaseSpec) {
  const asked = placement?.tolerations ?? [];
  const lost = ['not-ready', 'unreachable'].map((state) => ({
    key: `node.kubernetes.io/${state}`,
    operator: 'Exists',
    effect: 'NoExecute',
    tolerationSeconds: lostNodeSeconds,
  }));
  return [...asked, ...lost.filter(({ key }) => !asked.some((one) => one.key === key))];
}

function sharedMemoryOf({ provenance }: ReleaseSpec) {
  const size = provenance.resources?.sharedMemory;
  return size === undefined ? [] : [{ name: 'shared-memory', emptyDir: { medium: 'Memory', sizeLimit: size } }];
}

/** A file, since it changes without a restart. */
function keyVolume({ model, image }: ReleaseSpec) {
  return needsKey(image.exposure) ? [{ name: 'key', secret: { secretName: keyName(model) } }] : [];
}

function containerOf(release: ReleaseSpec) {
  const { image, model, version, readyTimeoutSeconds, hasSecrets } = release;
  const ready = { httpGet: { path: image.health, port: portName } };
  return {
    name: container,
    image: image.image,
    ports: [{ name: portName, containerPort: image.port, protocol: 'TCP' }],
    env: [
      { name: 'SLIPWAY_VERSION', value: String(version) },
      { name: 'SLIPWAY_DRAIN_SECONDS', value: String(drainSeconds) },
      ...rootPathOf(release),
      ...keyVolume(release).map(() => ({ name: 'SLIPWAY_API_KEY_FILE', value: `${keyFolder}/${keyEntry}` })),
    ],
    ...(hasSecrets ? { envFrom: [{ secretRef: { name: releaseName(model, version) } }] } : {}),
    // Load balancers need a moment to see that a pod leaves; our own server answers on by itself.
    ...(image.drains ? {} : { lifecycle: { preStop: { sleep: { seconds: drainSeconds } } } }),
    // Loading may take longer than the deploy waits, which so gives up first and says why.
    startupProbe: {
      ...ready,
      periodSeconds: 1,
      timeoutSeconds: 3,
      failureThreshold: readyTimeoutSeconds + spareSeconds,
    },
    readinessProbe: { ...ready, periodSeconds: 2, timeoutSeconds: 5, failureThreshold: 2 },
    resources: resourcesOf(release),
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    volumeMounts: [
      { name: 'tmp', mountPath: '/tmp' },
      ...sharedMemoryOf(release).map(({ name }) => ({ name, mountPath: '/dev/shm' })),
      ...keyVolume(release).map(({ name }) => ({ name, mountPath: keyFolder, readOnly: true })),
    ],
  };
}

/** An Ingress passes paths on as they came; our server takes away what leads to the model. */
function rootPathOf({ image: { exposure, drains } }: ReleaseSpec) {
  const value = exposure?.path;
  return value === undefined || !drains ? [] : [{ name: 'SLIPWAY_ROOT_PATH', value }];
}

function resourcesOf({ image, provenance }: ReleaseSpec) {
  const { cpu, memory, gpu, devices } = provenance.resources ?? {};
  const counts = Object.entries(devices ?? {}).map(([name, count]) => [name, String(count)] as const);
  const requests = { ...given('cpu', cpu), ...given('memory', memory) };
  const limits = {
    ...given('memory', image.limits.memory),
    ...given('nvidia.com/gpu', gpu),
    ...Object.fromEntries(counts),
  };
  return {
    ...(Object.keys(requests).length === 0 ? {} : { requests }),
    ...(Object.keys(limits).length === 0 ? {} : { limits }),
  };
}

function given(name: string, value: ResourceNeed['cpu']): Readonly<Record<string, string>> {
  return value === undefined ? {} : { [name]: value };
}

function originOf({ image, provenance }: ReleaseSpec): Readonly<Record<string, string>> {
  const { createdBy, project, git } = provenance;
  return {
    [annotations.image]: image.image,
    [annotations.createdBy]: createdBy,
    [annotations.project]: project,
    ...(git === null ? {} : { [annotations.commit]: git.dirty ? `${git.commit}-dirty` : git.commit }),
  };
}
