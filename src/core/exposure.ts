import { UserError } from './errors';

/** How a model on a cluster is reached. Without one it is `service`: from inside the cluster, and through a forward. */
export interface Exposure {
  readonly kind: 'service' | 'nodePort' | 'loadBalancer' | 'ingress' | 'httpRoute';
  /** Name under which an Ingress or HTTPRoute answers. */
  readonly host?: string;
  /** IngressClass; by default the cluster's own. */
  readonly className?: string;
  /** Secret with the certificate of an Ingress. */
  readonly tls?: string;
  /** Path below which an Ingress or HTTPRoute leads to the model, such as `/iris`; by default all of the name does. */
  readonly path?: string;
  /** Gateway of an HTTPRoute: `NAME`, or `NAMESPACE/NAME`. */
  readonly gateway?: string;
  /** Whether requests must bring the model's key; by default where the model is reached from beyond the cluster. */
  readonly key?: boolean;
}

export type ExposureKind = Exposure['kind'];

/** Whether requests must bring the model's key. */
export function needsKey(exposure: Exposure | undefined): boolean {
  return exposure?.key ?? isOutside(exposure);
}

/** Whether the model is reached from beyond the cluster. */
export function isOutside(exposure: Exposure | undefined): exposure is Exposure {
  return exposure !== undefined && exposure.kind !== 'service';
}

/** Nobody asks for a key that there is not. */
export function keyMissing(model: string): UserError {
  return new UserError('KeyMissing', `${model} has no key: it was never deployed with one.`, {
    remedy: { kind: 'hint', label: 'Deploy it with --expose, or with expose in slipway.yaml.' },
  });
}

/** Whether two wishes are for the same. */
export function isSameExposure(left: Exposure | undefined, right: Exposure | undefined): boolean {
  const parts = (exposure: Exposure) => {
    const { kind, host, className, tls, path, gateway } = exposure;
    return [kind, host, className, tls, path, gateway, needsKey(exposure)].join();
  };
  return parts(left ?? { kind: 'service' }) === parts(right ?? { kind: 'service' });
}

const fields: Readonly<Record<ExposureKind, readonly (keyof Exposure)[]>> = {
  service: [],
  nodePort: [],
  loadBalancer: [],
  ingress: ['host', 'className', 'tls', 'path'],
  httpRoute: ['host', 'gateway', 'path'],
};
const needed: readonly (keyof Exposure)[] = ['host', 'gateway'];

/**
 * @param asksForKey whether the server in the image is Slipway's, which asks for a key
 * @throws UserError ExposeInvalid, KeyUnsupported
 */
export function checkExposure(exposure: Exposure | undefined, asksForKey: boolean): void {
  if (exposure === undefined) return;
  const wrong = wrongFields(exposure);
  if (wrong !== undefined)
    throw new UserError('ExposeInvalid', `The model cannot be reached like this: ${wrong}.`, {
      remedy: { kind: 'hint', label: 'For example --expose ingress --host iris.example.org, or --expose nodePort.' },
    });
  if (asksForKey || !needsKey(exposure)) return;
  throw new UserError(
    'KeyUnsupported',
    "The model was to be reached from beyond the cluster with a key, and the image's own server asks for none.",
    {
      remedy: {
        kind: 'hint',
        label: 'Let that server ask who it is that asks, and say --no-key, or key: false below expose in slipway.yaml.',
      },
    },
  );
}

/** `slipway_server/below.py` takes the same. */
function isPath(path: string | undefined): boolean {
  return path === undefined || /^(?:\/[A-Za-z0-9._~-]+)+$/.test(path);
}

function wrongFields(exposure: Exposure): string | undefined {
  const { kind } = exposure;
  const fitting = fields[kind];
  const missing = fitting.find((field) => needed.includes(field) && exposure[field] === undefined);
  if (missing !== undefined) return `${kind} needs ${missing}`;
  const others = Object.values(fields).flat();
  const strange = others.find((field) => !fitting.includes(field) && exposure[field] !== undefined);
  if (strange !== undefined) return `${kind} has no ${strange}`;
  return isPath(exposure.path) ? undefined : 'path is none such as /iris';
}
