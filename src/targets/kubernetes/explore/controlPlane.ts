import type { CheckRow, ClusterRow, ClusterRows } from '../../../core/cluster';
import { isUserError } from '../../../core/errors';
import { inertText } from '../../../core/inertText';
import { resourcePath, resources, type KubeClient, type KubeObject } from '../../../clients/kubernetes';
import { pollRows, type Explorer } from './explorer';

const everyMs = 10_000;

/** Version, readiness checks and leaders. */
export function watchControlPlane({ client }: Explorer, signal: AbortSignal): AsyncIterable<ClusterRows> {
  return pollRows((asking) => readControlPlane(client, asking), everyMs, signal);
}

async function readControlPlane(client: KubeClient, signal: AbortSignal): Promise<readonly ClusterRow[]> {
  const [version, checks, leaders] = await Promise.all([
    readVersion(client, signal),
    permitted(readChecks(client, signal)),
    permitted(readLeaders(client, signal)),
  ]);
  const failed = checks.filter(({ ok }) => !ok);
  const passed = checks.filter(({ ok }) => ok);
  const summary: CheckRow = {
    kind: 'check',
    id: 'checks',
    name: 'Checks',
    ok: failed.length === 0,
    text: `${passed.length} of ${checks.length} passed`,
    rows: passed,
  };
  return [version, ...leaders, ...failed, ...(checks.length === 0 ? [] : [summary])];
}

/** What may not be read is left out. */
async function permitted(rows: Promise<readonly CheckRow[]>): Promise<readonly CheckRow[]> {
  return rows.catch((error: unknown) => {
    if (isUserError(error) && /Forbidden|NotFound/.test(error.code)) return [];
    throw error;
  });
}

export async function readVersion(client: KubeClient, signal: AbortSignal): Promise<CheckRow> {
  const call = { what: 'read its version', path: '/version', silenceMs: 10_000 };
  const { gitVersion } = await client.request<{ readonly gitVersion?: string }>(call, signal);
  return { kind: 'check', id: 'version', name: 'Kubernetes', ok: true, text: inertText(gitVersion ?? '') };
}

/** https://kubernetes.io/docs/reference/using-api/health-checks/ */
async function readChecks(client: KubeClient, signal: AbortSignal): Promise<readonly CheckRow[]> {
  const call = { what: 'read its health checks', path: '/readyz', query: { verbose: '' }, accept: '*/*' };
  const text = await client.text(call, signal).catch((error: unknown) => {
    // A server that is not ready lists its checks in a refusal.
    if (isUserError(error) && error.code === 'KubernetesFailed') return error.message;
    throw error;
  });
  return [...text.matchAll(/\[([+-])\](\S+) ([^[]*)/g)].map(([, sign, name = '', said = '']) => ({
    kind: 'check',
    id: `check:${name}`,
    name,
    ok: sign === '+',
    text: inertText(said.trim().replace(/\n.*$/s, '')),
  }));
}

interface Lease extends KubeObject {
  readonly spec?: { readonly holderIdentity?: string; readonly renewTime?: string };
}

/** Who leads the components that are there more than once. */
async function readLeaders(client: KubeClient, signal: AbortSignal): Promise<readonly CheckRow[]> {
  const path = resourcePath(resources.leases, 'kube-system');
  const call = { what: 'list the leases of kube-system', path, query: { limit: 100 } };
  const { items } = await client.request<{ readonly items: readonly Lease[] }>(call, signal);
  return items
    .filter(({ metadata, spec }) => spec?.holderIdentity !== undefined && !metadata.name.startsWith('apiserver-'))
    .map(({ metadata, spec }) => ({
      kind: 'check',
      id: `lease:${metadata.name}`,
      name: metadata.name,
      ok: true,
      text: inertText(`led by ${(spec?.holderIdentity ?? '').replace(/_[0-9a-f-]{36}$/, '')}`),
    }));
}
