/** Lines around a change that are shown with it. */
const context = 3;
/** More lines than that on both sides are shown as all other: comparing takes as many steps as their product. */
const mostPairs = 4_000_000;

type Line = readonly [sign: ' ' | '-' | '+', text: string];

/**
 * What changed between two texts, as `diff -u` tells it; empty when nothing did.
 * @see https://www.gnu.org/software/diffutils/manual/html_node/Detailed-Unified.html
 */
export function unifiedDiff(before: string, after: string, names: readonly [string, string]): string {
  if (before === after) return '';
  const hunks = hunksOf(compare(linesOf(before), linesOf(after)));
  return `--- ${names[0]}\n+++ ${names[1]}\n${hunks.join('')}`;
}

function linesOf(text: string): readonly string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

function compare(left: readonly string[], right: readonly string[]): readonly Line[] {
  let start = 0;
  while (start < left.length && start < right.length && left[start] === right[start]) start++;
  let end = 0;
  const shortest = Math.min(left.length, right.length) - start;
  while (end < shortest && left[left.length - 1 - end] === right[right.length - 1 - end]) end++;
  const same = (lines: readonly string[]): readonly Line[] => lines.map((text) => [' ', text]);
  return [
    ...same(left.slice(0, start)),
    ...compareMiddle(left.slice(start, left.length - end), right.slice(start, right.length - end)),
    ...same(left.slice(left.length - end)),
  ];
}

/** By the longest common subsequence. */
function compareMiddle(left: readonly string[], right: readonly string[]): readonly Line[] {
  const removed = (text: string): Line => ['-', text];
  const added = (text: string): Line => ['+', text];
  if (left.length * right.length > mostPairs) return [...left.map(removed), ...right.map(added)];
  const lengths = commonLengths(left, right);
  const lines: Line[] = [];
  let [row, column] = [0, 0];
  while (row < left.length && column < right.length) {
    const [one = '', other = ''] = [left[row], right[column]];
    if (one === other) {
      lines.push([' ', one]);
      row++;
      column++;
    } else if (at(lengths, row + 1, column) >= at(lengths, row, column + 1)) {
      lines.push(removed(one));
      row++;
    } else {
      lines.push(added(other));
      column++;
    }
  }
  return [...lines, ...left.slice(row).map(removed), ...right.slice(column).map(added)];
}

/** How many lines the rests behind each pair of places have in common. */
function commonLengths(left: readonly string[], right: readonly string[]): readonly Uint32Array[] {
  const rows = Array.from({ length: left.length + 1 }, () => new Uint32Array(right.length + 1));
  for (let row = left.length - 1; row >= 0; row--) {
    for (let column = right.length - 1; column >= 0; column--) {
      const length =
        left[row] === right[column]
          ? at(rows, row + 1, column + 1) + 1
          : Math.max(at(rows, row + 1, column), at(rows, row, column + 1));
      rows[row]?.fill(length, column, column + 1);
    }
  }
  return rows;
}

function at(rows: readonly Uint32Array[], row: number, column: number): number {
  return rows[row]?.[column] ?? 0;
}

function hunksOf(lines: readonly Line[]): readonly string[] {
  const changed = lines.flatMap(([sign], index) => (sign === ' ' ? [] : [index]));
  const ranges: [number, number][] = [];
  for (const index of changed) {
    const last = ranges.at(-1);
    const end = Math.min(index + context + 1, lines.length);
    if (last !== undefined && index - context <= last[1]) last[1] = end;
    else ranges.push([Math.max(0, index - context), end]);
  }
  return ranges.map(([start, end]) => hunk(lines, start, end));
}

function hunk(lines: readonly Line[], start: number, end: number): string {
  const of = (sign: '-' | '+', some: readonly Line[]): number =>
    some.filter(([one]) => one === ' ' || one === sign).length;
  const range = (sign: '-' | '+'): string => {
    const count = of(sign, lines.slice(start, end));
    const first = of(sign, lines.slice(0, start)) + (count === 0 ? 0 : 1);
    return `${sign}${String(first)},${String(count)}`;
  };
  const text = lines.slice(start, end).map(([sign, line]) => `${sign}${line}\n`);
  return `@@ ${range('-')} ${range('+')} @@\n${text.join('')}`;
}
