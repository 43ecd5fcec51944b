/** Longer arrays stay one number a line: an editor does not wrap them well. */
const mostCharacters = 100;

/** JSON for people: indented by two, with short arrays of numbers on one line, so that a row of a table reads as one. */
export function readableJson(value: unknown): string {
  const indented = JSON.stringify(value, null, 2);
  // Line breaks never stand inside a string of JSON, so this meets arrays only.
  return indented.replaceAll(/\[\n\s+([^[\]{}"]*?)\n\s*\]/g, (all, items: string) => {
    const line = `[${items.replaceAll(/\n\s+/g, ' ')}]`;
    return line.length <= mostCharacters ? line : all;
  });
}
