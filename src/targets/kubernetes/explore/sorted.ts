/** Rows in the order of their names, with numbers in names by their value; sorted anew only when a row came or went. */
export function sortedByName<Row extends { readonly id: string; readonly name: string }>(): (
  items: ReadonlyMap<string, Row>,
) => readonly Row[] {
  let order: readonly string[] = [];
  const compare = new Intl.Collator('en', { numeric: true }).compare;
  return (items) => {
    const isSame = order.length === items.size && order.every((id) => items.has(id));
    if (!isSame) order = [...items].sort(([, left], [, right]) => compare(left.name, right.name)).map(([id]) => id);
    return order.flatMap((id) => items.get(id) ?? []);
  };
}
