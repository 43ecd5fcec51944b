import { runProcess } from '../process/runProcess';

/** Prints nothing where there is another C library. */
const question = "import os; print(os.confstr('CS_GNU_LIBC_VERSION') or '')";

/** The version of glibc that an interpreter of this machine runs on; undefined for another C library or system. */
export async function hostGlibc(python: string, signal: AbortSignal): Promise<readonly [number, number] | undefined> {
  const { stdout } = await runProcess(python, ['-I', '-c', question], {}, signal);
  const [, major, minor] = /^glibc (\d+)\.(\d+)/.exec(stdout) ?? [];
  return major === undefined ? undefined : [Number(major), Number(minor)];
}
