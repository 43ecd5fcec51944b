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
