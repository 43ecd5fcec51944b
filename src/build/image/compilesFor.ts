import type { Platform } from '../../core/image';
import type { BaseFacts } from './probeBase';

/** A machine that may compile packages. */
export interface HostSystem {
  /** As Node names it. */
  readonly platform: string;
  /** As Node names it. */
  readonly arch: string;
  /** Of the Python: `3.11`. */
  readonly minor: string;
  /** Undefined where there is none. */
  readonly glibc: readonly [number, number] | undefined;
}

const architectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/** Whether what a machine compiles runs on a base image: glibc serves what was linked to an older one. */
export function compilesFor(host: HostSystem, { minor, libc }: BaseFacts, platform: Platform): boolean {
  const isSame =
    host.platform === platform.os && architectures[host.arch] === platform.architecture && host.minor === minor;
  if (!isSame || host.glibc === undefined || libc.kind !== 'glibc') return false;
  const [major, lesser] = host.glibc;
  const [baseMajor, baseLesser] = libc.version;
  return major < baseMajor || (major === baseMajor && lesser <= baseLesser);
}
