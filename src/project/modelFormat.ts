import { open } from 'node:fs/promises';
import { constants, inflateSync, gunzipSync } from 'node:zlib';
import type { ModelFormat } from '../core/project';
import { firstPickledName } from './pickleHead';

const headBytes = 65_536;

/** Names that hint at a model; the content decides. */
export const modelFileName = /\.(joblib|pkl|pickle|onnx|safetensors|json|ubj|model|bst|xgb|txt|lgb|lgbm)$/i;

/** The format of a model file by its first bytes, undefined when it is no model that can be served as it is. Never unpickles. */
export async function modelFormat(file: string): Promise<ModelFormat | undefined> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    const { buffer, bytesRead } = await handle.read(
      Buffer.alloc(Math.min(size, headBytes)),
      0,
      Math.min(size, headBytes),
      0,
    );
    return formatOf(buffer.subarray(0, bytesRead), size);
  } finally {
    await handle.close();
  }
}

/** The same for the head of a file of `size` bytes. */
export function formatOf(head: Buffer, size: number): ModelFormat | undefined {
  if (isSafetensors(head, size)) return 'safetensors';
  if (isXgboost(head)) return 'xgboost';
  if (/^tree\r?\nversion=v\d/.test(head.toString('latin1', 0, 40))) return 'lightgbm';
  if (isOnnx(head)) return 'onnx';
  return pickleFormat(head);
}

/** 8 bytes little-endian header length, then a JSON object. https://github.com/huggingface/safetensors#format */
function isSafetensors(head: Buffer, size: number): boolean {
  if (head.length < 10) return false;
  const length = head.readBigUInt64LE(0);
  return (
    length > 1n &&
    length <= BigInt(size - 8) &&
    head[8] === 0x7b &&
    /"(dtype|__metadata__)"/.test(head.toString('latin1', 8, 4096))
  );
}

/** JSON or UBJSON with a `learner` at the top, or the old binary form. */
function isXgboost(head: Buffer): boolean {
  const start = head.toString('latin1', 0, 512);
  if (start.startsWith('binf') || start.startsWith('bs64')) return true;
  return (
    /^\s*\{\s*"learner"\s*:/.test(start) ||
    /^\{L[\s\S]{8}learner/.test(start) ||
    (/^\s*\{\s*"version"/.test(start) && start.includes('"learner"'))
  );
}

/** A protobuf ModelProto: ir_version (field 1), then fields of the message up to the graph (field 7). onnx.proto3 */
function isOnnx(head: Buffer): boolean {
  const version = head[1] ?? 0;
  if (head[0] !== 0x08 || version < 1 || version > 30) return false;
  for (let offset: number | undefined = 2; offset !== undefined && offset < head.length;) {
    const tag: number = head[offset] ?? 0;
    if (tag === graphTag) return true;
    offset = modelFields.has(tag >> 3) ? skipField(head, offset + 1, tag & 7) : undefined;
  }
  return false;
}

/** Field 7, length-delimited. */
const graphTag = (7 << 3) | 2;
const modelFields: ReadonlySet<number> = new Set([2, 3, 4, 5, 6, 8, 14, 20]);

function skipField(data: Buffer, start: number, wireType: number): number | undefined {
  if (wireType !== 0 && wireType !== 2) return undefined;
  let value = 0;
  for (let index = start; index < Math.min(start + 5, data.length); index += 1) {
    const byte = data[index] ?? 0;
    value += (byte & 0x7f) * 2 ** (7 * (index - start));
    if (byte < 0x80) return index + 1 + (wireType === 2 ? value : 0);
  }
  return undefined;
}

function pickleFormat(head: Buffer): ModelFormat | undefined {
  const plain = inflated(head);
  // lz4, xz and bz2 have no decoder here; only joblib writes pickles in them.
  if (plain === undefined)
    return hasMagic(head, '425a68') || hasMagic(head, 'fd377a585a') || hasMagic(head, '04224d18')
      ? 'joblib'
      : undefined;
  const first = firstPickledName(plain);
  if (first === undefined || dataModules.test(first)) return undefined;
  const joblib = plain !== head || plain.includes('joblib.numpy_pickle') || plain.includes('joblib');
  return joblib ? 'joblib' : 'pickle';
}

/** Pickles of data rather than of something that predicts. */
const dataModules =
  /^(pandas\.|numpy\.|scipy\.sparse|builtins\.|__builtin__\.|collections\.|datetime\.|copyreg\.|copy_reg\.|_codecs\.|PIL\.|decimal\.|pathlib\.|joblib\.numpy_pickle|torch\._utils)/;

function inflated(head: Buffer): Buffer | undefined {
  try {
    if (head[0] === 0x78) return inflateSync(head, { finishFlush: constants.Z_SYNC_FLUSH });
    if (head[0] === 0x1f && head[1] === 0x8b) return gunzipSync(head, { finishFlush: constants.Z_SYNC_FLUSH });
  } catch {
    return undefined;
  }
  // Protocol 2 and newer start with PROTO; older pickles of objects with a GLOBAL or a mark.
  return head[0] === 0x80 || head[0] === 0x63 || head[0] === 0x28 ? head : undefined;
}

function hasMagic(head: Buffer, hex: string): boolean {
  return head.toString('hex', 0, hex.length / 2) === hex;
}
