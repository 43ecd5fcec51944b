import { isMap, isSeq, LineCounter, parseDocument, type Node } from 'yaml';

/**
 * The line, from 0, on which a field of an object stands in its YAML; that of the nearest field above it that is there.
 * @param field as the API server names it: `.spec.template.spec.containers[name="web"].image`, `.metadata.labels.app`
 */
export function fieldLine(text: string, field: string): number {
  const lines = new LineCounter();
  let node: unknown = parseDocument(text, { lineCounter: lines }).contents;
  let line = 0;
  for (const step of stepsOf(field)) {
    const next = enter(node, step);
    if (next === undefined) break;
    if (next.at !== undefined) line = lines.linePos(next.at).line - 1;
    node = next.value;
  }
  return line;
}

interface Entered {
  readonly value: unknown;
  readonly at: number | undefined;
}

function stepsOf(field: string): readonly string[] {
  return [...field.matchAll(/\[[^\]]*\]|[^.[\]]+/g)].map(([step]) => step);
}

function enter(node: unknown, step: string): Entered | undefined {
  if (isMap<Node>(node)) {
    // Keys with dots, as those of labels, are written without quotes.
    const pair =
      node.items.find(({ key }) => String(key) === step) ?? node.items.find(({ key }) => String(key).startsWith(step));
    return pair === undefined ? undefined : { value: pair.value, at: pair.key.range?.[0] };
  }
  if (isSeq<Node>(node)) {
    const item = node.items.find((one, index) => step === `[${String(index)}]` || hasKeys(one, step));
    return item === undefined ? undefined : { value: item, at: item.range?.[0] };
  }
  return undefined;
}

/** `[name="web",port=80]` */
function hasKeys(node: Node, step: string): boolean {
  const keys = [...step.matchAll(/(\w+)=("[^"]*"|[^,\]]+)/g)];
  return (
    isMap(node) &&
    keys.length > 0 &&
    keys.every(([, key = '', value = '']) => String(node.get(key)) === value.replace(/^"|"$/g, ''))
  );
}
