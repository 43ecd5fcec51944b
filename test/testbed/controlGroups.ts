import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { signalQuietly } from './cleanup';

const root = '/sys/fs/cgroup';

/** Makes a control group of that name under every controller. */
export function makeGroups(name: string): void {
  if (existsSync(path.join(root, 'cgroup.controllers'))) {
    passControllersOn();
    mkdirSync(path.join(root, name), { recursive: true });
    return;
  }
  const hierarchies = readdirSync(root).filter((one) => existsSync(path.join(root, one, 'cgroup.procs')));
  for (const hierarchy of hierarchies.filter((one) => one !== 'unified')) {
    const group = path.join(root, hierarchy, name);
    mkdirSync(group, { recursive: true });
    // A new group of the old kind has no processors and no memory, and what is put into it could not run.
    for (const file of ['cpuset.cpus', 'cpuset.mems']) {
      const above = path.join(root, hierarchy, file);
      if (existsSync(above)) writeFileSync(path.join(group, file), readFileSync(above));
    }
  }
}

/**
 * Groups of the new kind have the controllers that the group above passes on, and in a container, whose processes stand
 * in its topmost group, that one may not: they move into a group of their own, as in containers with an engine.
 */
function passControllersOn(): void {
  const controllers = readFileSync(path.join(root, 'cgroup.controllers'), 'utf8').trim().split(' ');
  const passOn = (): void => {
    writeFileSync(path.join(root, 'cgroup.subtree_control'), controllers.map((one) => `+${one}`).join(' '));
  };
  try {
    passOn();
  } catch {
    const own = path.join(root, 'init');
    mkdirSync(own, { recursive: true });
    for (const pid of processesIn(root)) {
      try {
        writeFileSync(path.join(own, 'cgroup.procs'), String(pid));
      } catch {
        // It ended, or it is the kernel's.
      }
    }
    passOn();
  }
}

/** Ends what still runs in the groups of that name and removes them: they are folders without processes then. */
export function removeGroups(name: string): void {
  for (const folder of groupsNamed(name)) {
    for (const pid of processesIn(folder)) signalQuietly(pid, 'SIGKILL');
    try {
      rmdirSync(folder);
    } catch {
      // The kernel still counts something in it.
    }
  }
}

/** The folders of all groups whose path contains `name`, the innermost first. */
export function groupsNamed(name: string): readonly string[] {
  // Groups of others go while it looks, and then it ends with an error.
  const found = spawnSync('find', [root, '-depth', '-type', 'd', '-path', `*${name}*`], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return found.stdout.split('\n').filter((line) => line !== '');
}

function processesIn(folder: string): readonly number[] {
  try {
    const text = readFileSync(path.join(folder, 'cgroup.procs'), 'utf8');
    return text.split('\n').flatMap((line) => (line === '' ? [] : [Number(line)]));
  } catch {
    return [];
  }
}
