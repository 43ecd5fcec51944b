import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { explainStatus, type KubeStatus } from '../../../src/clients/kubernetes/failures';
import type { KubeContext } from '../../../src/clients/kubernetes/kubeconfig';

const context = { name: 'prod' } as KubeContext;
const what = 'apply the Deployment iris';
const codeOf = (status: number, body: KubeStatus): string => explainStatus(context, what, status, body).code;

describe('a refusal of an API server', () => {
  it('is of the namespace, a quota, a policy or a webhook, where its words say so', () => {
    const terminating = { details: { causes: [{ reason: 'NamespaceTerminating' }] } };
    assert.equal(codeOf(403, terminating), 'NamespaceMissing');
    assert.equal(codeOf(404, { details: { kind: 'namespaces', name: 'team' } }), 'NamespaceMissing');
    assert.equal(codeOf(403, { message: 'pods "iris" is forbidden: exceeded quota: few' }), 'QuotaExceeded');
    assert.equal(codeOf(403, { message: 'admission webhook "x" denied the request: no' }), 'PolicyRefused');
    const policy = "ValidatingAdmissionPolicy 'x' with binding 'y' denied request: too few";
    assert.equal(codeOf(422, { message: policy }), 'PolicyRefused');
    assert.equal(codeOf(500, { message: 'failed calling webhook "x": refused' }), 'KubernetesWebhookFailed');
  });

  it('is what its status says otherwise, and keeps the words without what steers a terminal', () => {
    assert.equal(codeOf(403, { message: 'no' }), 'KubernetesForbidden');
    assert.equal(codeOf(404, { details: { kind: 'deployments' } }), 'KubernetesNotFound');
    assert.equal(codeOf(500, {}), 'KubernetesFailed');
    const { message } = explainStatus(context, what, 403, { message: 'x denied the request: \u001b[31mred' });
    assert.match(message, /A policy of prod does not let you apply the Deployment iris\. It says: .*: red$/);
  });
});
