// Objects of others that stand in the way of a deploy.
export function policy(namespace: string, expression: string, message: string): readonly object[] {
  const api = { apiVersion: 'admissionregistration.k8s.io/v1', metadata: { name: namespace } };
  const resourceRules = [
    { apiGroups: ['apps'], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['deployments'] },
  ];
  const namespaceSelector = { matchLabels: { 'kubernetes.io/metadata.name': namespace } };
  return [
    {
      ...api,
      kind: 'ValidatingAdmissionPolicy',
      spec: {
        failurePolicy: 'Fail',
        matchConstraints: { resourceRules },
        validations: [{ expression, message }],
      },
    },
    {
      ...api,
      kind: 'ValidatingAdmissionPolicyBinding',
      spec: { policyName: namespace, validationActions: ['Deny'], matchResources: { namespaceSelector } },
    },
  ];
}

export function webhook(namespace: string, url: string): object {
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: namespace },
    webhooks: [
      {
        name: 'down.example.com',
        clientConfig: { url },
        rules: [
          { apiGroups: ['apps'], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['deployments'] },
        ],
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
        failurePolicy: 'Fail',
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
      },
    ],
  };
}

export function otherSelector(namespace: string): object {
  const labels = { app: 'plain' };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: 'plain',
      namespace,
      labels: { 'app.kubernetes.io/managed-by': 'slipway', 'slipway.dev/model': 'plain' },
    },
    spec: {
      replicas: 0,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'model', image: 'none' }] } },
    },
  };
}

export function leaseOf(namespace: string, time: string): object {
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: 'slipway-plain', namespace },
    spec: {
      holderIdentity: 'slipway elsewhere 1 00000000',
      leaseDurationSeconds: 15,
      acquireTime: time,
      renewTime: time,
    },
  };
}
