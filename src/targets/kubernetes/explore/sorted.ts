interface Named {
  readonly name: string;
}

/** Rows in the order of their names, with numbers in names by their value. */
export function sortedByName<Row extends Named & { readonly id: string }>(): (
  items: ReadonlyMap<string, Row>,
) => readonly Row[] {
  let order: readonly string[] = [];
  const compare = new Intl.Collator('en', { numeric: true }).compare;
  return (items) => {
    const kept = order.filter((id) => items.has(id));
    order = kept.length === items.size ? kept : withNew(kept, items, compare);
    return order.flatMap((id) => items.get(id) ?? []);
  };
}

/** What came is appended and all sorted: sorting takes runs that are in order as they are, so only what came costs much. */
function withNew(
  order: readonly string[],
  items: ReadonlyMap<string, Named>,
  compare: (left: string, right: string) => number,
): readonly string[] {
  const known = new Set(order);
  const nameOf = (id: string): string => items.get(id)?.name ?? '';
  const byName = (left: string, right: string): number => compare(nameOf(left), nameOf(right));
  const came = [...items.keys()].filter((id) => !known.has(id)).sort(byName);
  return [...order, ...came].sort(byName);
}
