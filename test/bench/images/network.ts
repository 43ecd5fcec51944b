import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { onExit } from '../../testbed/cleanup';
import type { NetworkNamespace } from '../../testbed/docker/namespace';
import { requireProgram } from '../../testbed/program';

const switchFile = '/proc/sys/net/ipv4/ip_forward';

/** Lets a network namespace reach what this machine reaches: other builders fetch packages inside of it. @returns takes it back */
export function openOutwards({ enter, hostAddress }: NetworkNamespace): () => void {
  const [ip, iptables] = [requireProgram('ip'), requireProgram('iptables')];
  const network = `${hostAddress.slice(0, hostAddress.lastIndexOf('.'))}.0/24`;
  const [command = '', ...words] = enter;
  const rules = [
    ['POSTROUTING', '-t', 'nat', '-s', network, '-j', 'MASQUERADE'],
    ['FORWARD', '-s', network, '-j', 'ACCEPT'],
    ['FORWARD', '-d', network, '-j', 'ACCEPT'],
  ];
  const before = readFileSync(switchFile, 'utf8');
  const run = (change: '-I' | '-D'): void => {
    for (const [chain = '', ...rest] of rules) execFileSync(iptables, [change, chain, ...rest], { stdio: 'ignore' });
  };
  writeFileSync(switchFile, '1');
  run('-I');
  const close = (): void => {
    run('-D');
    writeFileSync(switchFile, before);
  };
  const forget = onExit(close);
  execFileSync(command, [...words, ip, 'route', 'add', 'default', 'via', hostAddress], { stdio: 'ignore' });
  return () => {
    forget();
    close();
  };
}
