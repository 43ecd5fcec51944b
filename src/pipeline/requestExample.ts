import type { Reached } from './reach';

/** A first request to a model, to be edited. */
export interface RequestExample {
  /** A body of `POST /invocations`. */
  readonly body: unknown;
  /** Whether it is the example that the model was verified with, or only has the names and types that it wants. */
  readonly from: 'example' | 'signature' | 'nothing';
}

type Json = Readonly<Record<string, unknown>>;

/** Asks a running model for its input example; one without an example has the tensors of its metadata at least. */
export async function requestExample(
  { url, headers }: Reached,
  model: string,
  signal: AbortSignal,
): Promise<RequestExample> {
  const openApi = await getJson(`${url}/openapi.json`, headers, signal);
  const example = exampleIn(openApi);
  if (example !== undefined) return { body: example, from: 'example' };
  const metadata = await getJson(`${url}/v2/models/${encodeURIComponent(model)}`, headers, signal);
  const inputs = Array.isArray(metadata?.['inputs']) ? metadata['inputs'].filter(isTensor) : [];
  if (inputs.length === 0) return { body: { inputs: [] }, from: 'nothing' };
  return {
    body: { inputs: Object.fromEntries(inputs.map((one) => [one.name, sampleOf(one.datatype, one.shape)])) },
    from: 'signature',
  };
}

/** `paths./invocations.post.requestBody.content.application/json.example`, or the first of `examples` (OpenAPI 3). */
export function exampleIn(openApi: Json | undefined): unknown {
  const content = dig(openApi, ['paths', '/invocations', 'post', 'requestBody', 'content', 'application/json']);
  if (content === undefined) return undefined;
  if ('example' in content) return content['example'];
  const named = dig(content, ['examples']);
  const first = named === undefined ? undefined : Object.values(named)[0];
  return isObject(first) ? first['value'] : undefined;
}

function dig(value: unknown, keys: readonly string[]): Json | undefined {
  let at: unknown = value;
  for (const key of keys) at = isObject(at) ? at[key] : undefined;
  return isObject(at) ? at : undefined;
}

interface Tensor {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
}

function isTensor(value: unknown): value is Tensor {
  return (
    isObject(value) &&
    typeof value['name'] === 'string' &&
    typeof value['datatype'] === 'string' &&
    Array.isArray(value['shape'])
  );
}

/** A value of the tensor's type and shape; a dimension of any size has one element, and none more than eight. */
function sampleOf(datatype: string, shape: readonly number[]): unknown {
  const [size, ...rest] = shape;
  if (size === undefined) return datatype === 'BYTES' ? 'text' : datatype === 'BOOL' ? false : 0;
  return Array.from({ length: size < 0 ? 1 : Math.min(size, 8) }, () => sampleOf(datatype, rest));
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Undefined for anything but a JSON object: a user's own app may have none of these routes. */
async function getJson(url: string, key: Reached['headers'], signal: AbortSignal): Promise<Json | undefined> {
  try {
    const response = await fetch(url, {
      headers: { connection: 'close', ...key },
      signal: AbortSignal.any([signal, AbortSignal.timeout(10_000)]),
    });
    const value = response.ok ? await response.json() : undefined;
    return isObject(value) ? value : undefined;
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}
