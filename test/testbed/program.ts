import { accessSync, constants } from 'node:fs';
import path from 'node:path';

const systemFolders = ['/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** A program of the system, also one that is not on the PATH of ordinary users; undefined when it is not installed. */
export function findProgram(name: string): string | undefined {
  const folders = [...systemFolders, ...(process.env['PATH'] ?? '').split(path.delimiter)];
  return folders.map((folder) => path.join(folder, name)).find((file) => isExecutable(file));
}

/** @throws Error that names the program */
export function requireProgram(name: string): string {
  const found = findProgram(name);
  if (found === undefined) throw new Error(`${name} is not installed`);
  return found;
}

/** Whether this user may start the file. */
export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
