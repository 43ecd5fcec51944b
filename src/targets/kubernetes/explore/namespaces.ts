import type { ClusterRow, ClusterRows, NamespaceRow } from '../../../core/cluster';
import { resourcePath, resources, type KubeObject } from '../../../clients/kubernetes';
import { orIfForbidden } from '../unlessForbidden';
import { watchRows, type Explorer } from './explorer';
import { sortedByName } from './sorted';

/** All namespaces; for those who may not list them, the one of the context and those that the user named. */
export function watchNamespaces(explorer: Explorer, signal: AbortSignal): AsyncGenerator<ClusterRows> {
  const list = { what: 'list namespaces', path: resourcePath(resources.namespaces) };
  const all = watchRows(explorer, list, (object) => namespaceRow(object, explorer.pinned), pinnedFirst(), signal);
  return orIfForbidden(all, (refusal) => [
    { rows: [...namedNamespaces(explorer), forbidden(refusal)], complete: true },
  ]);
}

function pinnedFirst(): ReturnType<typeof sortedByName<NamespaceRow>> {
  const arrange = sortedByName<NamespaceRow>();
  return (items) => {
    const rows = arrange(items);
    const first = rows.find(({ pinned }) => pinned);
    return first === undefined ? rows : [first, ...rows.filter((row) => row !== first)];
  };
}

function namespaceRow(object: KubeObject, pinned: string | undefined): NamespaceRow {
  const { name, uid } = object.metadata;
  const { status } = object as { readonly status?: { readonly phase?: string } };
  return {
    kind: 'namespace',
    id: uid,
    name,
    ref: { apiVersion: 'v1', kind: 'Namespace', plural: 'namespaces', name, uid },
    phase: status?.phase ?? 'Active',
    named: false,
    ...(name === pinned ? { pinned: true } : {}),
  };
}

function namedNamespaces({ namespace, namespaces, pinned }: Explorer): readonly NamespaceRow[] {
  return [...new Set([namespace, ...namespaces])].map((name) => ({
    kind: 'namespace',
    id: `named:${name}`,
    name,
    phase: 'Active',
    named: true,
    ...(name === pinned ? { pinned: true } : {}),
  }));
}

export function forbidden(message: string): ClusterRow {
  return { kind: 'note', id: 'forbidden', name: '', note: 'forbidden', message };
}
