// Objects of others that stand in the way of a deploy.
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
