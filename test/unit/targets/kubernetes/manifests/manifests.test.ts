import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Exposure } from '../../../../../src/core/exposure';
import type { NetworkRules } from '../../../../../src/core/network';
import { releaseManifests } from '../../../../../src/targets/kubernetes/manifests/manifests';
import { networkPolicies } from '../../../../../src/targets/kubernetes/manifests/networkPolicy';
import type { ReleaseSpec } from '../../../../../src/targets/kubernetes/state/release';

const release: ReleaseSpec = {
  schema: 1,
  model: 'iris',
  version: 3,
  image: { kind: 'image', image: 'r/iris@sha256:0', port: 8080, health: '/ready', drains: true, limits: {} },
  provenance: {
    createdAt: '2026-01-01T00:00:00Z',
    createdBy: 'ana@here',
    digest: 'sha256:0',
    lock: '',
    notebook: null,
    git: null,
    project: '/iris',
    python: '3.11.2',
    resources: { memory: '320Mi', gpu: '1' },
  },
  port: 80,
  readyTimeoutSeconds: 120,
  hasSecrets: false,
  pullSecrets: [],
};

interface Parts {
  readonly replicas?: number;
  readonly template: {
    readonly spec: {
      readonly imagePullSecrets?: unknown;
      readonly nodeSelector?: unknown;
      readonly tolerations?: unknown;
      readonly runtimeClassName?: unknown;
      readonly volumes: unknown;
      readonly containers: readonly Readonly<Record<string, unknown>>[];
    };
  };
}

const lostKeys = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'];

function keys(tolerations: unknown): readonly string[] {
  return (tolerations as readonly { readonly key: string }[]).map(({ key }) => key);
}

function parts(change: Partial<ReleaseSpec> = {}): Parts {
  const found = releaseManifests({ ...release, ...change }, 'models').find(({ kind }) => kind === 'Deployment');
  return found?.['spec'] as Parts;
}

describe('the objects of a release', () => {
  it('are the same for the same release, in whatever order they are made again', () => {
    assert.deepEqual(releaseManifests(release, 'models'), releaseManifests({ ...release }, 'models'));
  });

  it('leave the number of replicas to whoever scales', () => {
    assert.equal('replicas' in parts(), false);
  });

  it('ask for what a replica needs, and limit what the project limits', () => {
    const [container] = parts().template.spec.containers;
    assert.deepEqual(container?.['resources'], { requests: { memory: '320Mi' }, limits: { 'nvidia.com/gpu': '1' } });
    const [limited] = parts({ image: { ...release.image, limits: { memory: '1Gi' } } }).template.spec.containers;
    assert.deepEqual(limited?.['resources'], {
      requests: { memory: '320Mi' },
      limits: { memory: '1Gi', 'nvidia.com/gpu': '1' },
    });
  });

  it('run where the project says, with its devices and shared memory', () => {
    const placement = {
      nodeSelector: { pool: 'gpu' },
      tolerations: [{ key: 'gpu', operator: 'Exists' }],
      runtimeClass: 'nvidia',
    } as const;
    const resources = { devices: { 'nvidia.com/mig-1g.5gb': 2 }, sharedMemory: '1Gi' };
    const { spec } = parts({
      image: { ...release.image, placement },
      provenance: { ...release.provenance, resources },
    }).template;
    assert.deepEqual([spec.nodeSelector, spec.runtimeClassName], [placement.nodeSelector, 'nvidia']);
    assert.deepEqual(keys(spec.tolerations), ['gpu', ...lostKeys]);
    assert.deepEqual(spec.containers[0]?.['resources'], { limits: { 'nvidia.com/mig-1g.5gb': '2' } });
    assert.deepEqual(spec.volumes, [
      { name: 'tmp', emptyDir: {} },
      { name: 'shared-memory', emptyDir: { medium: 'Memory', sizeLimit: '1Gi' } },
    ]);
    assert.deepEqual(spec.containers[0]['volumeMounts'], [
      { name: 'tmp', mountPath: '/tmp' },
      { name: 'shared-memory', mountPath: '/dev/shm' },
    ]);
  });

  it('give a server that ends at once a moment in which load balancers see that it leaves', () => {
    assert.equal(parts().template.spec.containers[0]?.['lifecycle'], undefined);
    const [own] = parts({ image: { ...release.image, drains: false } }).template.spec.containers;
    assert.deepEqual(own?.['lifecycle'], { preStop: { sleep: { seconds: 5 } } });
  });

  it('have a policy only when the project asks, that lets in whom it names', () => {
    const policy = (network?: NetworkRules): unknown =>
      networkPolicies({ ...release, image: { ...release.image, ...(network && { network }) } }, 'models').map(
        (one) => one['spec'],
      )[0];
    const podSelector = { matchLabels: { 'slipway.dev/model': 'iris' } };
    assert.equal(policy(), undefined);
    assert.equal(policy({}), undefined);
    assert.deepEqual(policy({ egress: 'none' }), { podSelector, policyTypes: ['Egress'] });
    assert.deepEqual(policy({ from: [] }), { podSelector, policyTypes: ['Ingress'] });
    const pods = { app: 'web' };
    assert.deepEqual(policy({ from: [{ namespace: 'shop' }, { pods }, { namespace: 'shop', pods }, {}] }), {
      podSelector,
      policyTypes: ['Ingress'],
      ingress: [
        {
          from: [
            { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'shop' } } },
            { podSelector: { matchLabels: pods } },
            {
              namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'shop' } },
              podSelector: { matchLabels: pods },
            },
            { podSelector: { matchLabels: {} } },
          ],
          ports: [{ protocol: 'TCP', port: 'http' }],
        },
      ],
    });
  });

  it('let everybody in whom the project exposes the model to, whatever its rules say', () => {
    const image = { ...release.image, network: { from: [] }, exposure: { kind: 'nodePort' } as const };
    const [policy] = networkPolicies({ ...release, image }, 'models');
    assert.deepEqual((policy?.['spec'] as { readonly ingress: unknown }).ingress, [
      { ports: [{ protocol: 'TCP', port: 'http' }] },
    ]);
    assert.deepEqual(
      networkPolicies({ ...release, image: { ...release.image, exposure: image.exposure } }, 'models'),
      [],
    );
  });

  it('read the key from a file where they ask for one', () => {
    const image = { ...release.image, exposure: { kind: 'nodePort' } as const };
    const { volumes, containers } = parts({ image }).template.spec;
    assert.deepEqual(volumes, [
      { name: 'tmp', emptyDir: {} },
      { name: 'key', secret: { secretName: 'iris-key' } },
    ]);
    const mounts = containers[0]?.['volumeMounts'] as readonly unknown[];
    assert.deepEqual(mounts.at(-1), { name: 'key', mountPath: '/var/run/slipway', readOnly: true });
    const env = containers[0]?.['env'] as readonly unknown[];
    assert.deepEqual(env.at(-1), { name: 'SLIPWAY_API_KEY_FILE', value: '/var/run/slipway/key' });
    const open = { ...image, exposure: { kind: 'nodePort', key: false } as const };
    assert.deepEqual(parts({ image: open }), parts());
  });

  it('have a Service whose type is left to others unless the release says', () => {
    const type = (exposure?: Exposure): unknown => {
      const image = { ...release.image, exposure };
      const found = releaseManifests({ ...release, image }, 'models').find(({ kind }) => kind === 'Service');
      return (found?.['spec'] as { readonly type?: string }).type;
    };
    assert.deepEqual(
      [undefined, 'service', 'ingress', 'nodePort', 'loadBalancer'].map((kind) =>
        type(kind === undefined ? undefined : { kind: kind as Exposure['kind'] }),
      ),
      [undefined, undefined, undefined, 'NodePort', 'LoadBalancer'],
    );
  });

  it('leave a node that is not heard of after half a minute', () => {
    const rest = { operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 30 };
    assert.deepEqual(parts().template.spec.tolerations, [
      { key: 'node.kubernetes.io/not-ready', ...rest },
      { key: 'node.kubernetes.io/unreachable', ...rest },
    ]);
    const [, unreachable = ''] = lostKeys;
    const tolerations = [{ key: unreachable, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 5 }] as const;
    const asked = parts({ image: { ...release.image, placement: { tolerations } } }).template.spec.tolerations;
    assert.deepEqual(keys(asked), [unreachable, 'node.kubernetes.io/not-ready']);
  });

  it('pull with the secrets of the namespace', () => {
    assert.equal(parts().template.spec.imagePullSecrets, undefined);
    assert.deepEqual(parts({ pullSecrets: ['hub'] }).template.spec.imagePullSecrets, [{ name: 'hub' }]);
  });
});
