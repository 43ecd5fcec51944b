import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { groupsNamed } from '../controlGroups';
import { requireProgram } from '../program';
import type { Machine } from './machine';
import { podRange } from './settings';

/** What there is of a machine on this one, a line for each thing. While it runs that is a lot, afterwards nothing. */
export function leftoversOf({ folder, group, network }: Machine): readonly string[] {
  const addresses = Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address));
  const mounts = readFileSync('/proc/mounts', 'utf8').split('\n');
  return [
    ...processesOf(group),
    ...mounts.filter((line) => line.includes(folder)).map((line) => `mount ${line}`),
    ...addresses.filter((address) => address === network.hostAddress).map((address) => `interface at ${address}`),
    ...groupsNamed(group).map((name) => `control group ${name}`),
    ...(existsSync(folder) ? [`folder ${folder}`] : []),
  ];
}

/** A machine's programs have its folder as their home, and its containers are in its control group. */
function processesOf(group: string): readonly string[] {
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      const read = (file: string): string => readFileSync(`/proc/${pid}/${file}`, 'utf8');
      return (read('environ') + read('cgroup')).includes(group) ? [`process ${read('cmdline')}`] : [];
    } catch {
      return [];
    }
  });
}

/** What a node sets for a whole machine, as this one has it: settings of the kernel and the packet filter. */
export function hostSettings(): readonly string[] {
  const names = ['kernel/panic', 'kernel/panic_on_oops', 'kernel/keys/root_maxkeys', 'vm/overcommit_memory'];
  const read = (program: string, ...args: string[]): readonly string[] =>
    execFileSync(requireProgram(program), args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).split('\n');
  return [
    ...names.map((name) => `${name} ${readFileSync(`/proc/sys/${name}`, 'utf8')}`),
    ...read('iptables-save').filter((line) => line.includes(podRange) || line.includes('KUBE-')),
    ...read('ipset', 'list', '-name'),
    ...read('nft', 'list', 'tables').filter((line) => line.includes('kube')),
  ];
}
