import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { requireProgram } from '../program';

/** Takes away the file systems that engines and builders leave below a folder, so that it can be removed. */
export function unmountBelow(folder: string): void {
  const mounts = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((mount) => mount.startsWith(`${folder}/`));
  for (const mount of mounts.reverse()) {
    try {
      execFileSync(requireProgram('umount'), ['-l', mount], { stdio: 'ignore' });
    } catch {
      // It went away with the one above it.
    }
  }
}
