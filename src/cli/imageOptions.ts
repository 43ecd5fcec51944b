import { Option } from 'commander';
import { parseImageReference, type ImageReference } from '../core/image';

export function builderOption(): Option {
  return new Option(
    '--builder <builder>',
    'what builds the image; by default a Docker engine for a Dockerfile or system packages',
  ).choices(['daemonless', 'docker']);
}

/** The flag speaks of the registry that is named, and of a base that lies there too or on this machine. */
export function insecureHosts(to: ImageReference | undefined, base: string | undefined): readonly string[] {
  const pushed = to === undefined ? [] : [to.registry];
  const { registry } = base === undefined ? { registry: '' } : parseImageReference(base);
  return /^(localhost|127\.|\[::1\])/.test(registry) ? [...pushed, registry] : pushed;
}
