/** Rows that a list shows before it asks for more. */
export const pageSize = 50;

export interface Page<T> {
  readonly shown: readonly T[];
  /** Rows that are left out. */
  readonly more: number;
}

/** The first `limit` rows of a list; a list that is one row longer is shown whole, since the row for more takes one too. */
export function firstPage<T>(rows: readonly T[], limit: number = pageSize): Page<T> {
  if (rows.length <= limit + 1) return { shown: rows, more: 0 };
  return { shown: rows.slice(0, limit), more: rows.length - limit };
}

/** What of a list is shown: its first rows, and rows behind them that were looked for. */
export interface Shown {
  readonly limit: number;
  readonly found: ReadonlySet<string>;
}

/** The rows that are shown of a list. @param idOf as they are named in `shown.found` */
export function shownRows<T>(rows: readonly T[], shown: Shown, idOf: (row: T) => string): Page<T> {
  const first = firstPage(rows, shown.limit);
  if (first.more === 0 || shown.found.size === 0) return first;
  const found = rows.slice(shown.limit).filter((row) => shown.found.has(idOf(row)));
  return { shown: [...first.shown, ...found], more: first.more - found.length };
}
