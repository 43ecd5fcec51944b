import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { KubeMetadata } from '../../../../../src/clients/kubernetes/objects';
import { UserError } from '../../../../../src/core/errors';
import { ownersText } from '../../../../../src/core/owner';
import { ownersInConflict, ownersOf } from '../../../../../src/targets/kubernetes/change/owners';

function names(metadata: Partial<KubeMetadata>): readonly string[] {
  return ownersOf(metadata).map(({ name }) => name);
}

describe('who looks after an object', () => {
  it('is the controller that made it', () => {
    const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-1', uid: 'r', controller: true };
    assert.deepEqual(names({ ownerReferences: [owner, { ...owner, controller: false }] }), ['ReplicaSet web-1']);
    assert.match(
      ownersText(ownersOf({ ownerReferences: [owner] })),
      /^ReplicaSet web-1 looks after it, and makes it again/,
    );
  });

  it('is told by the marks that programs leave', () => {
    const helm = { 'meta.helm.sh/release-name': 'web' };
    assert.deepEqual(
      names({
        labels: { 'app.kubernetes.io/managed-by': 'Helm', 'argocd.argoproj.io/instance': 'shop' },
        annotations: helm,
      }),
      ['Argo CD (shop)', 'Helm (web)'],
    );
    const tracking = 'apps:apps/Deployment:models/iris';
    assert.deepEqual(names({ annotations: { 'argocd.argoproj.io/tracking-id': tracking } }), ['Argo CD (apps)']);
    assert.deepEqual(names({ labels: { 'kustomize.toolkit.fluxcd.io/name': 'models' } }), ['Flux (models)']);
    assert.deepEqual(names({ labels: { 'helm.toolkit.fluxcd.io/name': 'web' }, annotations: helm }), ['Flux (web)']);
    assert.deepEqual(names({ annotations: helm }), ['Helm (web)']);
    assert.deepEqual(names({ labels: { 'app.kubernetes.io/managed-by': 'Helm' } }), ['Helm']);
    assert.deepEqual(names({ labels: { 'app.kubernetes.io/managed-by': 'slipway' } }), []);
    assert.deepEqual(names({}), []);
  });

  it('is told by who set fields, but not by who reports a status', () => {
    const by = (manager: string, subresource?: string) =>
      names({ managedFields: [{ manager, ...(subresource === undefined ? {} : { subresource }) }] });
    assert.deepEqual(by('argocd-controller'), ['Argo CD']);
    assert.deepEqual(by('kustomize-controller'), ['Flux']);
    assert.deepEqual(by('helm-controller'), ['Flux']);
    assert.deepEqual(by('helm'), ['Helm']);
    assert.deepEqual(by('Terraform'), ['Terraform']);
    assert.deepEqual(by('argocd-controller', 'status'), []);
    for (const person of ['kubectl-edit', 'kubectl', 'slipway', 'slipway-scale', 'kube-controller-manager'])
      assert.deepEqual(by(person), []);
  });

  it('is written so that it can only be read', () => {
    assert.deepEqual(names({ labels: { 'argocd.argoproj.io/instance': 'a\u001b[31mb\nc' } }), ['Argo CD (ab\\x0ac)']);
  });

  it('is told by a conflict, with the fields', () => {
    const causes = [
      { message: 'conflict with "gitops" using apps/v1', field: '.spec.minReadySeconds' },
      { message: 'conflict with "gitops" using apps/v1', field: '.spec.paused' },
      { message: 'something else', field: '.spec' },
    ];
    assert.deepEqual(ownersInConflict(new UserError('KubernetesConflict', 'no', { details: { causes } })), [
      { name: 'gitops', reaction: 'has its own values for .spec.minReadySeconds, .spec.paused' },
    ]);
    assert.deepEqual(ownersInConflict(new UserError('KubernetesConflict', 'changed')), []);
    assert.deepEqual(ownersInConflict(new UserError('PolicyRefused', 'no', { details: { causes } })), []);
  });
});
