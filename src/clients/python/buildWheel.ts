import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { isUserError, UserError } from '../../core/errors';
import { makeFolderOnce } from '../files/contentStore';
import { runProcess } from '../process/runProcess';
import { fetchWheel } from './fetchWheel';
import type { Interpreter } from './interpreters';
import type { Wheel } from './selectWheels';
import type { Uv } from './uv';

/** What builds packages of which there is the source only. Code of theirs runs, as when they are installed. */
export interface WheelBuilder {
  readonly uv: Uv;
  readonly interpreter: Interpreter;
  /** Options of uv: the tools and libraries of the lock's day. */
  readonly building: readonly string[];
  /** Folder of fetched and built packages. */
  readonly folder: string;
  /** Folder of Slipway's Python files. */
  readonly runtime: string;
  readonly onProgress: (line: string) => void;
}

/** What a built wheel depends on beside its source: part of the key of everything that is made from it. */
export function builtWith({ uv, interpreter, building }: WheelBuilder): string {
  return JSON.stringify([1, uv.version, interpreter.version, building]);
}

/**
 * The file of the wheel of a source, built once. Equal sources and tools give equal files in it, in whatever folder.
 * @throws UserError PackageBuildFailed, those of {@link fetchWheel} and those of uv
 */
export async function buildWheel(builder: WheelBuilder, source: Wheel, signal: AbortSignal): Promise<string> {
  const key = createHash('sha256')
    .update(`${source.sha256}${builtWith(builder)}`)
    .digest('hex')
    .slice(0, 32);
  const folder = await makeFolderOnce(path.join(builder.folder, 'built', key), async (built) => {
    const archive = await fetchWheel(builder.folder, source, signal);
    const temporary = await mkdtemp(path.join(tmpdir(), 'slipway-build-'));
    try {
      const folder = await unpack(builder, source, [archive, temporary], signal);
      await build(builder, source, ['--out-dir', built, folder], signal);
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  });
  const [name = ''] = await readdir(folder);
  return path.join(folder, name);
}

async function unpack(
  { interpreter, runtime }: WheelBuilder,
  source: Wheel,
  files: readonly string[],
  signal: AbortSignal,
): Promise<string> {
  const args = ['-s', path.join(runtime, 'unpack_source.py'), ...files];
  const { exitCode, stdout, stderr } = await runProcess(interpreter.path, args, {}, signal);
  if (exitCode !== 0) throw buildFailed(source, stderr);
  return stdout.trim();
}

async function build(
  { uv, interpreter, building, onProgress }: WheelBuilder,
  source: Wheel,
  places: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const args = [
    'build',
    '--wheel',
    '--no-sources',
    '--no-create-gitignore',
    '--python',
    interpreter.path,
    ...building,
    ...places,
  ];
  const subject = `${source.distribution} ${source.version}`;
  const env = reproducible(places.at(-1) ?? '');
  await uv.run(args, { subject, env, onProgress }, signal).catch((error: unknown) => {
    if (!isUserError(error) || error.code !== 'PackageBuildFailed') throw error;
    throw buildFailed(source, String(error.details['uv']), error);
  });
}

/** Neither the day nor a seed nor the folder gets into what compilers write. */
function reproducible(folder: string): NodeJS.ProcessEnv {
  const flags = (name: string): string => `${process.env[name] ?? ''} -g0 -ffile-prefix-map=${folder}=.`.trim();
  const fixed = { SOURCE_DATE_EPOCH: '315532800', PYTHONHASHSEED: '0' };
  return { ...fixed, CFLAGS: flags('CFLAGS'), CXXFLAGS: flags('CXXFLAGS') };
}

function buildFailed({ distribution, version }: Wheel, output: string, cause?: unknown): UserError {
  const lines = output.trim().split('\n');
  const own = lines.findLastIndex((line) => line.includes('Failed to build'));
  const reason = (own === -1 ? lines : lines.slice(0, own)).at(-1) ?? '';
  return new UserError(
    'PackageBuildFailed',
    `The package ${distribution} ${version} has no ready-made wheel, and building it from its source failed: ${reason}`,
    {
      cause,
      remedy: {
        kind: 'hint',
        label:
          'The whole output is in the log. Choose another version of it, or let a Docker engine build: --builder docker.',
      },
      details: { output },
    },
  );
}
