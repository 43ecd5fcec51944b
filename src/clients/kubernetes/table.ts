import type { KubeObject } from './objects';

/** An object without what it holds, and what its kind wants shown of it. */
export interface TabledObject extends KubeObject {
  readonly columns?: readonly Column[];
}

export interface Column {
  readonly name: string;
  readonly value: string;
  /** Whether it is for those who look closer: `kubectl get -o wide`. */
  readonly isDetail: boolean;
}

/** https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables */
export interface Table {
  readonly kind?: string;
  readonly columnDefinitions?: readonly Definition[] | null;
  readonly rows?: readonly TableRow[] | null;
}

interface Definition {
  readonly name: string;
  readonly type: string;
  readonly format?: string;
  readonly priority?: number;
}

interface TableRow {
  readonly cells: readonly unknown[];
  readonly object: KubeObject;
}

/** Servers that know no tables send the objects themselves. */
export const tableAccept = 'application/json;as=Table;g=meta.k8s.io;v=v1,application/json';

/** A time ago: true when it was said, and never again. */
const age = /^(?:\d+[smhdy]){1,2}$/;
const nothing: ReadonlySet<string> = new Set(['', '<none>', '<unset>', '<unknown>', '<invalid>']);

/** Reads lists and watches that come as tables. A server tells the columns of a watch once. */
export class TableReader {
  #definitions: readonly Definition[] = [];

  /** The objects of a list; undefined when it did not come as a table. */
  list(answer: Table): readonly TabledObject[] | undefined {
    if (answer.kind !== 'Table') return undefined;
    this.#definitions = answer.columnDefinitions ?? this.#definitions;
    return (answer.rows ?? []).map((row) => this.#object(row));
  }

  /** The object of an event; as it is when it did not come as a table. */
  single(sent: KubeObject & Table): TabledObject {
    return this.list(sent)?.[0] ?? sent;
  }

  #object({ cells, object }: TableRow): TabledObject {
    const columns = this.#definitions.flatMap((definition, index) => columnOf(definition, cells[index]));
    return { ...object, columns };
  }
}

function columnOf({ name, type, format, priority = 0 }: Definition, cell: unknown): readonly Column[] {
  if (format === 'name' || type === 'date' || name === 'Age') return [];
  const value = textOf(cell);
  return nothing.has(value) || age.test(value) ? [] : [{ name, value, isDetail: priority > 0 }];
}

function textOf(cell: unknown): string {
  if (typeof cell === 'string') return cell.trim();
  return cell === null || cell === undefined ? '' : JSON.stringify(cell);
}
