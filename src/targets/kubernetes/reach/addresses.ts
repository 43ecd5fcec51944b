import type { Exposure } from '../../../core/exposure';
import type { BalancerStatus, Condition, Pod, Route, Service } from '../objects';

/** What tells where a model is reached from beyond the cluster. */
export interface AddressFacts {
  readonly port: number;
  readonly nodePort: number | undefined;
  /** Of the Service's load balancer. */
  readonly balancer: string | undefined;
  /** Addresses of the nodes that run replicas. */
  readonly hosts: readonly string[];
}

/** @param pods that are ready */
export function addressFacts(service: Service | undefined, pods: readonly Pod[]): AddressFacts {
  const [port] = service?.spec?.ports ?? [];
  return {
    port: port?.port ?? 80,
    nodePort: port?.nodePort,
    balancer: balancerHost(service?.status),
    hosts: [...new Set(pods.flatMap(({ status }) => status?.hostIP ?? []))].sort(),
  };
}

/** Addresses to try in this order, or why there is none yet. */
export type Addresses =
  { readonly kind: 'some'; readonly urls: readonly string[] } | { readonly kind: 'none'; readonly why: string };

/**
 * Where a model is to be reached; whether it is, only asking tells.
 * @param route the Ingress or HTTPRoute, where the way has one
 */
export function addressesOf(exposure: Exposure, facts: AddressFacts, route: Route | undefined): Addresses {
  switch (exposure.kind) {
    case 'service':
      return none('it is reached from inside of the cluster only');
    case 'nodePort':
      return nodePort(facts);
    case 'loadBalancer':
      return loadBalancer(facts);
    case 'ingress':
      return ingress(exposure, route);
    case 'httpRoute':
      return httpRoute(exposure, route);
  }
}

const none = (why: string): Addresses => ({ kind: 'none', why });
const some = (...urls: readonly string[]): Addresses => ({ kind: 'some', urls });
const pending = 'the cluster has not given an address';

/** A node that runs a replica answers whatever the Service says of traffic from outside. */
function nodePort({ nodePort: port, hosts }: AddressFacts): Addresses {
  if (port === undefined || hosts.length === 0) return none(pending);
  return some(...hosts.map((host) => urlOf(host, port)));
}

function loadBalancer({ balancer, port }: AddressFacts): Addresses {
  return balancer === undefined ? none(pending) : some(urlOf(balancer, port));
}

function ingress({ host = '', tls, path = '' }: Exposure, route: Route | undefined): Addresses {
  if (balancerHost(route?.status) === undefined) return none(pending);
  return some(`${tls === undefined ? 'http' : 'https'}://${host}${path}`);
}

/** The Gateway knows whether it encrypts, and may stand where one may not look. */
function httpRoute({ host = '', path = '' }: Exposure, route: Route | undefined): Addresses {
  const conditions = conditionsOf(route);
  const refusal = conditions.find(isRefusal);
  if (refusal !== undefined)
    return none(`the gateway does not take it: ${refusal.message ?? refusal.reason ?? refusal.type}`);
  if (!conditions.some(({ type, status }) => type === 'Accepted' && status === 'True'))
    return none('no gateway has taken it');
  return some(`https://${host}${path}`, `http://${host}${path}`);
}

function conditionsOf(route: Route | undefined): readonly Condition[] {
  return route?.status?.parents?.flatMap((parent) => parent.conditions ?? []) ?? [];
}

function isRefusal({ type, status }: Condition): boolean {
  return status === 'False' && /^(Accepted|ResolvedRefs)$/.test(type);
}

function balancerHost(status: BalancerStatus | undefined): string | undefined {
  const [first] = status?.loadBalancer?.ingress ?? [];
  return first?.hostname ?? first?.ip;
}

function urlOf(host: string, port: number): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return `http://${name}${port === 80 ? '' : `:${String(port)}`}`;
}
