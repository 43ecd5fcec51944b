import { chmod, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { isUserError, UserError } from '../../core/errors';
import { exists, hashFile, makeFolderOnce } from '../files/contentStore';
import { runProcess } from '../process/runProcess';
import type { Interpreter } from './interpreters';
import { uvRelease } from './uvRelease';

const program = process.platform === 'win32' ? 'uv.exe' : 'uv';

/**
 * The path of a uv that is new enough: the one on PATH, else the pinned one, fetched once into `tools` with the
 * user's own pip configuration and checked by hash.
 * @throws UserError UvUnavailable
 */
export async function findUv(
  tools: string,
  interpreters: readonly Interpreter[],
  signal: AbortSignal,
): Promise<string> {
  const fetched = path.join(tools, `uv-${uvRelease.version}`, program);
  if (await exists(fetched)) return fetched;
  const onPath = await versionOf('uv', signal);
  if (onPath !== undefined && isAtLeast(onPath, uvRelease.oldest)) return 'uv';
  const interpreter = interpreters.find((one) => one.hasPip);
  if (interpreter === undefined) {
    throw new UserError(
      'UvUnavailable',
      'uv, which installs the packages of a project, is not on PATH, and no Python with pip was found to fetch it.',
      {
        remedy: {
          kind: 'hint',
          label: 'Install uv, or pip for one of your Pythons (python3 -m ensurepip), and deploy again.',
        },
      },
    );
  }
  await makeFolderOnce(path.dirname(fetched), (folder) => fetchUv(folder, interpreter, signal));
  return fetched;
}

/** Compares dotted versions by number. */
export function isAtLeast(version: string, oldest: string): boolean {
  const left = version.split('.').map(Number);
  const right = oldest.split('.').map(Number);
  const different = right.findIndex((part, index) => (left[index] ?? 0) !== part);
  return different === -1 || (left[different] ?? 0) > (right[different] ?? 0);
}

async function versionOf(command: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    const result = await runProcess(command, ['--version'], { timeoutMs: 5000 }, signal);
    return /^uv (?<version>\d+\.\d+\.\d+)/.exec(result.stdout)?.groups?.['version'];
  } catch (error) {
    if (isUserError(error)) return undefined;
    throw error;
  }
}

async function fetchUv(folder: string, interpreter: Interpreter, signal: AbortSignal): Promise<void> {
  const download = await mkdtemp(path.join(tmpdir(), 'slipway-uv-'));
  try {
    const requirement = path.join(download, 'requirements.txt');
    const hashes = uvRelease.hashes.map((hash) => `--hash=sha256:${hash}`).join(' ');
    await writeFile(requirement, `uv==${uvRelease.version} ${hashes}\n`);
    const options = [
      '--no-deps',
      '--only-binary',
      ':all:',
      '--require-hashes',
      '--disable-pip-version-check',
      '--no-input',
      '-q',
    ];
    const args = ['-m', 'pip', 'download', ...options, '-r', requirement, '-d', download];
    const result = await runProcess(interpreter.path, args, { timeoutMs: 300_000 }, signal);
    const wheel = (await readdir(download)).find((name) => name.endsWith('.whl'));
    if (result.exitCode !== 0 || wheel === undefined) throw fetchFailed(result.stderr);
    const digest = await hashFile(path.join(download, wheel), signal);
    if (!uvRelease.hashes.some((hash) => hash === digest))
      throw fetchFailed(`The wheel ${wheel} has the unexpected hash ${digest}.`);
    await unpackUv(path.join(download, wheel), folder, interpreter, signal);
  } finally {
    await rm(download, { recursive: true, force: true });
  }
}

async function unpackUv(wheel: string, folder: string, interpreter: Interpreter, signal: AbortSignal): Promise<void> {
  const unpacked = path.join(folder, 'wheel');
  const result = await runProcess(
    interpreter.path,
    ['-m', 'zipfile', '-e', wheel, unpacked],
    { timeoutMs: 60_000 },
    signal,
  );
  if (result.exitCode !== 0) throw fetchFailed(result.stderr);
  const scripts = path.join(unpacked, `uv-${uvRelease.version}.data`, 'scripts');
  await rename(path.join(scripts, program), path.join(folder, program));
  await chmod(path.join(folder, program), 0o755);
  await rm(unpacked, { recursive: true, force: true });
}

function fetchFailed(why: string): UserError {
  const last =
    why
      .trim()
      .split('\n')
      .filter((line) => line.startsWith('ERROR'))
      .at(-1) ??
    why.trim().split('\n').at(-1) ??
    '';
  return new UserError(
    'UvUnavailable',
    `uv ${uvRelease.version}, which installs the packages of a project, could not be fetched with pip: ${last}`,
    {
      remedy: { kind: 'hint', label: 'Check the index and the proxy in your pip configuration, or put uv on PATH.' },
    },
  );
}
