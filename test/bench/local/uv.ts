import path from 'node:path';
import { findInterpreters, type Interpreter } from '../../../src/clients/python/interpreters';
import { findUv } from '../../../src/clients/python/uvProgram';
import { cacheFolder } from '../../testbed/cache';

export interface UvTools {
  /** The folder of the program, to be put on PATH; undefined when it is there already. */
  readonly folder: string | undefined;
  readonly program: string;
  readonly python: Interpreter;
}

/** The minor that the example notebooks name. */
const minor = '3.11';

/** The uv that Slipway would use here, kept in the cache of the tools, and the Python that all sides run on. */
export async function uvTools(signal: AbortSignal): Promise<UvTools> {
  const tools = path.join(cacheFolder(), 'bench-tools');
  const interpreters = await findInterpreters(tools, signal);
  const python = interpreters.find((one) => one.minor === minor);
  if (python === undefined) throw new Error(`Python ${minor} is not installed.`);
  const program = await findUv(tools, interpreters, signal);
  return { program, python, folder: path.isAbsolute(program) ? path.dirname(program) : undefined };
}

/** PATH with uv in front. */
export function pathWith({ folder }: UvTools): string {
  const before = process.env['PATH'] ?? '';
  return folder === undefined ? before : `${folder}${path.delimiter}${before}`;
}
