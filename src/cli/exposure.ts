import { Option, type Command } from 'commander';
import type { Exposure, ExposureKind } from '../core/exposure';

export interface ExposureOptions {
  readonly expose?: ExposureKind;
  readonly host?: string;
  readonly ingressClass?: string;
  readonly tlsSecret?: string;
  readonly path?: string;
  readonly gateway?: string;
  /** False only where it was said. */
  readonly key: boolean;
}

const kinds: readonly ExposureKind[] = ['service', 'nodePort', 'loadBalancer', 'ingress', 'httpRoute'];

/** How a model on a cluster is reached, instead of what slipway.yaml says. */
export function addExposureOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--expose <way>', 'how the model is reached; service is from inside the cluster only').choices(kinds),
    )
    .option('--host <name>', 'name under which an ingress or httpRoute answers')
    .option('--ingress-class <name>', "class of the ingress; by default the cluster's")
    .option('--tls-secret <name>', 'secret in the namespace with the certificate of the ingress')
    .option('--path <path>', 'path below which an ingress or httpRoute leads to the model, such as /iris')
    .option('--gateway <namespace/name>', 'gateway of the httpRoute')
    .option('--no-key', 'answer everybody who reaches the model, without its key');
}

/** The part of a `slipway.yaml` that says the same; undefined where nothing was said. */
export function exposureIn(options: ExposureOptions): Partial<Exposure> | undefined {
  const { expose: kind, host, ingressClass: className, tlsSecret: tls, path, gateway, key } = options;
  const said = { kind, host, className, tls, path, gateway, ...(key ? {} : { key }) };
  const entries = Object.entries(said).filter(([, value]) => value !== undefined);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}
