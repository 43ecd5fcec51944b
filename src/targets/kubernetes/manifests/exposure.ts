import type { Manifest } from '../../../clients/kubernetes/change';
import { resources, type Resource } from '../../../clients/kubernetes/objects';
import type { Exposure } from '../../../core/exposure';
import { modelLabels } from './modelLabels';
import { portName } from '../names';

/** What is exposed: a model, and the port of its Service. */
interface Exposed {
  readonly model: string;
  readonly port: number;
}

const serviceTypes: Partial<Record<Exposure['kind'], string>> = { nodePort: 'NodePort', loadBalancer: 'LoadBalancer' };

/** Whoever changes the type of the Service of a model that is not exposed keeps what they chose. */
export function serviceType(exposure: Exposure | undefined): { readonly type?: string } {
  const type = exposure && serviceTypes[exposure.kind];
  return type === undefined ? {} : { type };
}

/** What leads to a model beside its Service. */
export function routeManifests(
  exposed: Exposed,
  exposure: Exposure | undefined,
  namespace: string,
): readonly Manifest[] {
  if (exposure?.kind === 'ingress') return [ingress(exposed, exposure, namespace)];
  return exposure?.kind === 'httpRoute' ? [httpRoute(exposed, exposure, namespace)] : [];
}

/** The kind of what leads to a model beside its Service, if there is one. */
export function routeKindsOf(exposure: Exposure | undefined): readonly Resource[] {
  if (exposure?.kind === 'ingress') return [resources.ingresses];
  return exposure?.kind === 'httpRoute' ? [resources.httpRoutes] : [];
}

/** The kinds of what {@link routeManifests} makes. */
export const routeKinds: readonly Resource[] = [resources.ingresses, resources.httpRoutes];

function ingress({ model }: Exposed, { host, className, tls, path = '/' }: Exposure, namespace: string): Manifest {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name: model, namespace, labels: modelLabels(model) },
    spec: {
      ...(className === undefined ? {} : { ingressClassName: className }),
      ...(tls === undefined ? {} : { tls: [{ hosts: [host], secretName: tls }] }),
      rules: [
        {
          host,
          http: {
            paths: [{ path, pathType: 'Prefix', backend: { service: { name: model, port: { name: portName } } } }],
          },
        },
      ],
    },
  };
}

/** @see https://gateway-api.sigs.k8s.io/reference/spec/#httproute */
function httpRoute({ model, port }: Exposed, { host, gateway = '', path }: Exposure, namespace: string): Manifest {
  const [name, of] = gateway.split('/').reverse();
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name: model, namespace, labels: modelLabels(model) },
    spec: {
      parentRefs: [{ name, ...(of === undefined ? {} : { namespace: of }) }],
      hostnames: [host],
      rules: [
        {
          ...(path === undefined ? {} : { matches: [{ path: { type: 'PathPrefix', value: path } }] }),
          backendRefs: [{ name: model, port }],
        },
      ],
    },
  };
}
