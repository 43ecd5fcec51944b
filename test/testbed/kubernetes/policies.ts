import path from 'node:path';
import { serviceRange, type Settings } from './settings';
import { until } from './until';

/** The packets that this rule lets through satisfied every policy: it stands at the end of the first complete set of rules. */
const lastRule = '--mark 0x20000/0x20000';

/**
 * Has a node's packet filter obey the cluster's NetworkPolicies, if the cluster is to. kube-router does it, of which nothing
 * else runs. Resolves once it does.
 * @see https://www.kube-router.io/docs/user-guide/
 */
export async function enforcePolicies({ machine, node, users, policies }: Settings): Promise<void> {
  if (policies === undefined) return;
  const daemon = machine.start('kube-router', path.join(policies, 'kube-router'), [
    ...[`--kubeconfig=${users.kubeconfig('kube-router')}`, `--hostname-override=${node.name}`],
    ...['--run-firewall=true', '--run-router=false', '--run-service-proxy=false', '--enable-cni=false'],
    ...[`--service-cluster-ip-range=${serviceRange}`, '--health-port=0'],
  ]);
  await until('NetworkPolicies are enforced', [daemon], async () => {
    const rules = await machine.run('iptables', '--list-rules', 'KUBE-ROUTER-FORWARD').catch(() => '');
    return rules.includes(lastRule);
  });
}
