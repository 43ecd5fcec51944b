import { inertText } from '../../core/inertText';

const mostRows = 50;
const widestCell = 32;

/**
 * Predictions as a table, for those that have rows: records, lists of lists, lists of plain values, and named columns of equal length.
 * Undefined for anything else. Lines have no trailing spaces.
 */
export function outputTable(predictions: unknown): readonly string[] | undefined {
  const table = tableOf(predictions);
  if (table === undefined) return undefined;
  const { head, rows } = table;
  const shown = rows.slice(0, mostRows).map((row, index) => [String(index), ...row.map(cellText)]);
  const cells = [['', ...head.map(cellText)], ...shown];
  const widths = cells[0]?.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0))) ?? [];
  const lines = cells.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return rows.length > mostRows ? [...lines, `… ${String(rows.length - mostRows)} more rows`] : lines;
}

interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

function tableOf(value: unknown): Table | undefined {
  if (isObject(value)) return columnsTable(value);
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const rows = value as readonly unknown[];
  if (rows.every(isObject)) return recordsTable(rows);
  if (rows.every((row) => Array.isArray(row))) return listsTable(rows as readonly (readonly unknown[])[]);
  return rows.every(isPlain) ? { head: ['prediction'], rows: rows.map((one) => [one]) } : undefined;
}

function recordsTable(records: readonly Readonly<Record<string, unknown>>[]): Table {
  const head = [...new Set(records.flatMap((one) => Object.keys(one)))];
  return { head, rows: records.map((one) => head.map((key) => one[key])) };
}

function listsTable(rows: readonly (readonly unknown[])[]): Table | undefined {
  const width = Math.max(...rows.map((row) => row.length));
  return width === 0 || width > 64
    ? undefined
    : { head: Array.from({ length: width }, (_, index) => String(index)), rows };
}

function columnsTable(value: Readonly<Record<string, unknown>>): Table | undefined {
  const columns = Object.entries(value);
  const length = Array.isArray(columns[0]?.[1]) ? columns[0][1].length : 0;
  if (length === 0 || !columns.every(([, column]) => Array.isArray(column) && column.length === length))
    return undefined;
  const lists = columns.map(([, column]) => column as readonly unknown[]);
  return {
    head: columns.map(([name]) => name),
    rows: Array.from({ length }, (_, row) => lists.map((list) => list[row])),
  };
}

function cellText(value: unknown): string {
  const text = value === undefined ? '' : inertText(typeof value === 'string' ? value : JSON.stringify(value));
  return text.length > widestCell ? `${text.slice(0, widestCell - 1)}…` : text;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isPlain(value: unknown): boolean {
  return value === null || typeof value !== 'object';
}
