/** JSON as it comes from YAML. */
export type Json = null | boolean | number | string | readonly Json[] | JsonMap;
export interface JsonMap {
  readonly [key: string]: Json;
}

export interface Changes {
  /** What was added or is another value now; a list that changed is there as a whole. Undefined when nothing was. */
  readonly set: JsonMap | undefined;
  /** What was taken away, as a merge patch: https://www.rfc-editor.org/rfc/rfc7396. Undefined when nothing was. */
  readonly removed: JsonMap | undefined;
}

/** What an edit changed, so that only that is applied and nothing else becomes ours. */
export function changesBetween(before: JsonMap, after: JsonMap): Changes {
  const set: Record<string, Json> = {};
  const removed: Record<string, Json> = {};
  for (const [key, value] of Object.entries(after)) {
    const old = before[key];
    if (isMap(old) && isMap(value)) {
      const inner = changesBetween(old, value);
      if (inner.set !== undefined) set[key] = inner.set;
      if (inner.removed !== undefined) removed[key] = inner.removed;
    } else if (JSON.stringify(old) !== JSON.stringify(value)) set[key] = value;
  }
  for (const key of Object.keys(before)) if (!(key in after)) removed[key] = null;
  return { set: unlessEmpty(set), removed: unlessEmpty(removed) };
}

export function isMap(value: Json | undefined): value is JsonMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unlessEmpty(map: Record<string, Json>): JsonMap | undefined {
  return Object.keys(map).length === 0 ? undefined : map;
}
