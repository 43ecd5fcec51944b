import { parseDocument, stringify } from 'yaml';
import type { ObjectRef } from '../../../core/cluster';
import { UserError } from '../../../core/errors';
import type { KubeObject } from '../../../clients/kubernetes';
import { isMap, type JsonMap } from './changes';

const order = ['apiVersion', 'kind', 'metadata'];
/** Annotations that repeat the whole object. */
const repetitions = new Set(['kubectl.kubernetes.io/last-applied-configuration']);

/** The object as people read it: apiVersion, kind and metadata first, without field managers; a Secret without its values. */
export function objectText(object: JsonMap): string {
  const { annotations, ...all } = isMap(object['metadata']) ? object['metadata'] : {};
  const metadata = Object.fromEntries(Object.entries(all).filter(([key]) => key !== 'managedFields'));
  const kept = Object.entries(isMap(annotations) ? annotations : {}).filter(([name]) => !repetitions.has(name));
  const shown = {
    ...Object.fromEntries(order.map((key) => [key, object[key] ?? null])),
    ...object,
    metadata: kept.length === 0 ? metadata : { ...metadata, annotations: Object.fromEntries(kept) },
  };
  return stringify(withoutSecrets(shown), { lineWidth: 0 });
}

/** What only the server and controllers write. */
const noted = new Set(['uid', 'resourceVersion', 'creationTimestamp', 'generation']);

/** As {@link objectText}, only what is wanted of the object and not how it is: two of them can be compared. */
export function wantedText(object: KubeObject): string {
  const { metadata, ...rest } = object as unknown as JsonMap;
  const kept = Object.entries(isMap(metadata) ? metadata : {}).filter(([key]) => !noted.has(key));
  return objectText({ ...withoutStatus(rest), metadata: Object.fromEntries(kept) });
}

/** Status belongs to controllers. */
export function withoutStatus(object: JsonMap): JsonMap {
  return Object.fromEntries(Object.entries(object).filter(([key]) => key !== 'status'));
}

function withoutSecrets(object: JsonMap): JsonMap {
  if (object['kind'] !== 'Secret') return object;
  const hidden = (values: unknown): JsonMap =>
    Object.fromEntries(Object.keys((values ?? {}) as JsonMap).map((name) => [name, '(hidden)']));
  return {
    ...object,
    ...('data' in object ? { data: hidden(object['data']) } : {}),
    ...('stringData' in object ? { stringData: hidden(object['stringData']) } : {}),
  };
}

/** @throws UserError ObjectInvalid with the place of the fault */
export function parseObject(text: string): JsonMap {
  const document = parseDocument(text);
  const [error] = document.errors;
  if (error !== undefined) throw invalid(error.message.split('\n', 1)[0] ?? '', error.linePos?.[0].line);
  const value: unknown = document.toJS();
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid('it is no mapping', undefined);
  return value as JsonMap;
}

/** Names may not change: that would be another object. @throws UserError ObjectInvalid */
export function assertSame(object: JsonMap, ref: ObjectRef): void {
  const metadata = isMap(object['metadata']) ? object['metadata'] : {};
  const named = [object['apiVersion'], object['kind'], metadata['name'], metadata['namespace'] ?? null];
  const expected = [ref.apiVersion, ref.kind, ref.name, ref.namespace ?? null];
  const words = ['apiVersion', 'kind', 'metadata.name', 'metadata.namespace'];
  const at = named.findIndex((one, index) => one !== expected[index]);
  if (at >= 0)
    throw invalid(`${words[at] ?? ''} must stay as it was, since another one would be another object`, undefined);
}

function invalid(why: string, line: number | undefined): UserError {
  return new UserError('ObjectInvalid', `The text is no object that could be applied: ${why}.`, {
    details: line === undefined ? {} : { line },
    remedy: { kind: 'hint', label: 'Correct the text, and save it again.' },
  });
}
