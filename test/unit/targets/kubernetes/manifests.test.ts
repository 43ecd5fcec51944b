import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { releaseManifests } from '../../../../src/targets/kubernetes/manifests';
import type { ReleaseSpec } from '../../../../src/targets/kubernetes/release';

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
    assert.deepEqual(
      [spec.nodeSelector, spec.tolerations, spec.runtimeClassName],
      [placement.nodeSelector, placement.tolerations, 'nvidia'],
    );
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

  it('pull with the secrets of the namespace', () => {
    assert.equal(parts().template.spec.imagePullSecrets, undefined);
    assert.deepEqual(parts({ pullSecrets: ['hub'] }).template.spec.imagePullSecrets, [{ name: 'hub' }]);
  });
});
