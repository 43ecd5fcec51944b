/** The part of JSON Schema that `resources/schemas/slipway.schema.json` uses. */
export interface SchemaNode {
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: boolean | SchemaNode;
  readonly required?: readonly string[];
  readonly items?: SchemaNode;
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly patternErrorMessage?: string;
  readonly minimum?: number;
  readonly maximum?: number;
}

export interface SchemaProblem {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** What is wrong with a value, in the order of the file; unknown keys come with the key that was probably meant. */
export function checkSchema(
  value: unknown,
  node: SchemaNode,
  at: readonly (string | number)[] = [],
): readonly SchemaProblem[] {
  const name = at.length === 0 ? 'the file' : at.join('.');
  const problem: Report = (message) => [{ path: at, message: `${name} ${message}` }];
  if (node.type === 'object')
    return isObject(value) ? checkObject(value, node, at) : problem('must hold keys and values');
  if (node.type === 'array') return Array.isArray(value) ? checkList(value, node, at) : problem('must be a list');
  return checkScalar(value, node, problem);
}

type Report = (message: string) => readonly SchemaProblem[];

function checkScalar(value: unknown, node: SchemaNode, problem: Report): readonly SchemaProblem[] {
  if (node.type === 'string') return checkString(value, node, problem);
  if (node.type === 'boolean') return typeof value === 'boolean' ? [] : problem('must be true or false');
  return node.type === undefined ? [] : checkNumber(value, node, problem);
}

function checkList(
  value: readonly unknown[],
  node: SchemaNode,
  at: readonly (string | number)[],
): readonly SchemaProblem[] {
  return value.flatMap((item, index) => checkSchema(item, node.items ?? {}, [...at, index]));
}

function checkObject(
  value: Readonly<Record<string, unknown>>,
  node: SchemaNode,
  at: readonly (string | number)[],
): readonly SchemaProblem[] {
  const known = node.properties ?? {};
  const missing = (node.required ?? []).filter((key) => !(key in value));
  return [
    ...missing.map((key) => ({ path: at, message: `${[...at, key].join('.')} is missing` })),
    ...Object.entries(value).flatMap(([key, child]) => {
      const childNode = Object.hasOwn(known, key) ? known[key] : node.additionalProperties;
      if (typeof childNode === 'object') return checkSchema(child, childNode, [...at, key]);
      return childNode === true ? [] : [{ path: [...at, key], message: unknownKey(key, Object.keys(known)) }];
    }),
  ];
}

function checkNumber(value: unknown, node: SchemaNode, problem: Report): readonly SchemaProblem[] {
  const whole = node.type === 'integer';
  if (typeof value !== 'number' || (whole && !Number.isInteger(value)))
    return problem(`must be a ${whole ? 'whole ' : ''}number`);
  if (node.minimum !== undefined && value < node.minimum) return problem(`must be at least ${node.minimum}`);
  if (node.maximum !== undefined && value > node.maximum) return problem(`must be at most ${node.maximum}`);
  return [];
}

function checkString(value: unknown, node: SchemaNode, problem: Report): readonly SchemaProblem[] {
  // `python: 3.10` is the number 3.1 to YAML: quoting is what the user must know.
  if (typeof value !== 'string') return problem('must be text; put it in quotes');
  if (node.enum !== undefined && !node.enum.includes(value)) return problem(`must be one of ${node.enum.join(', ')}`);
  if (node.pattern !== undefined && !new RegExp(node.pattern, 'u').test(value))
    return problem(node.patternErrorMessage ?? `must match ${node.pattern}`);
  return [];
}

function unknownKey(key: string, known: readonly string[]): string {
  const meant = nearest(key.toLowerCase(), known);
  return `the key ${JSON.stringify(key)} is unknown; ${meant === undefined ? `it knows ${known.join(', ')}` : `perhaps ${meant} was meant`}`;
}

/** The known key that begins like this one, else the one with the fewest differences, when there are few. */
function nearest(key: string, known: readonly string[]): string | undefined {
  const longer = key.length > 2 ? known.find((one) => one.toLowerCase().startsWith(key)) : undefined;
  const ranked = known
    .map((one) => ({ one, distance: editDistance(key, one.toLowerCase()) }))
    .sort((left, right) => left.distance - right.distance);
  const best = ranked[0];
  return longer ?? (best !== undefined && best.distance <= Math.max(2, key.length / 3) ? best.one : undefined);
}

/** Levenshtein distance. */
export function editDistance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= right.length; j += 1) {
      const change = (row[j - 1] ?? 0) + (left[i - 1] === right[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, change));
    }
    row = next;
  }
  return row[right.length] ?? 0;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
