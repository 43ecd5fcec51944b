import path from 'node:path';
import { UserError } from '../../core/errors';
import { runProcess } from '../process/runProcess';

/** What `byte_code.py` compiles. Paths in the image have no leading slash. */
export interface ByteCodeRequest {
  readonly output: string;
  /** Folder of what was compiled of wheels before, by their keys. */
  readonly kept: string;
  readonly wheels: readonly { readonly key: string; readonly file: string; readonly packages: string }[];
  readonly folders: readonly { readonly folder: string; readonly path: string; readonly files: readonly string[] }[];
}

/** A gzip-compressed layer that was written. */
export interface ByteCodeLayer {
  readonly digest: string;
  readonly diffId: string;
  readonly size: number;
  readonly unpacked: number;
}

/**
 * Compiles the modules of wheels and folders into one layer, with the Python that the image has. Nothing is imported.
 * @throws UserError ByteCodeFailed
 */
export async function compileByteCode(
  python: string,
  runtime: string,
  request: ByteCodeRequest,
  signal: AbortSignal,
): Promise<ByteCodeLayer> {
  // Sets in constants are ordered by hashes, which must not change from run to run.
  const env = { ...process.env, PYTHONHASHSEED: '0', PYTHONDONTWRITEBYTECODE: '1' };
  const result = await runProcess(
    python,
    ['-s', path.join(runtime, 'byte_code.py')],
    { input: JSON.stringify(request), env },
    signal,
  );
  if (result.exitCode === 0) return JSON.parse(result.stdout) as ByteCodeLayer;
  const last = result.stderr.trim().split('\n').at(-1) ?? '';
  throw new UserError('ByteCodeFailed', `The packages could not be compiled with ${python}: ${last}`, {
    remedy: { kind: 'hint', label: 'Build with --no-byte-code; the container then starts more slowly.' },
    details: { stderr: result.stderr },
  });
}
