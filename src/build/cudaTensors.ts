import { open, type FileHandle } from 'node:fs/promises';

const pieceBytes = 4 * 1024 * 1024;
/** Longer than what is looked for, so that no find is cut in two. */
const overlap = 64;

/**
 * PyTorch saves a storage of a tensor as a tuple that starts with the word `storage` and names the device, both as the
 * pickle opcode BINUNICODE, since it pickles with protocol 2. The snapshot's own texts are of protocol 5, which writes
 * short ones otherwise, so a text `cuda:0` in the user's code is not taken for a tensor.
 */
const storage = Buffer.from('X\x07\0\0\0storage', 'latin1');
const binUnicode = 0x58;

/**
 * The GPU that tensors of a pickle lie on, such as `cuda:0`; undefined where there are none. The file is searched, never
 * unpickled.
 * @see https://github.com/pytorch/pytorch/blob/main/torch/serialization.py
 */
export async function gpuOfTensors(file: string, signal: AbortSignal): Promise<string | undefined> {
  const handle = await open(file, 'r');
  try {
    return await search(handle, signal);
  } finally {
    await handle.close();
  }
}

async function search(handle: FileHandle, signal: AbortSignal): Promise<string | undefined> {
  const buffer = Buffer.alloc(pieceBytes + overlap);
  let kept = 0;
  let hasStorage = false;
  let device: string | undefined;
  for (;;) {
    signal.throwIfAborted();
    const { bytesRead } = await handle.read(buffer, kept, pieceBytes);
    if (bytesRead === 0) return undefined;
    const piece = buffer.subarray(0, kept + bytesRead);
    hasStorage ||= piece.includes(storage);
    device ??= deviceIn(piece);
    if (hasStorage && device !== undefined) return device;
    kept = Math.min(overlap, piece.length);
    piece.copy(buffer, 0, piece.length - kept);
  }
}

/** The first `cuda:N` that is a text of its own, written with its length in four bytes. */
function deviceIn(piece: Buffer): string | undefined {
  for (let at = piece.indexOf('cuda:'); at !== -1; at = piece.indexOf('cuda:', at + 1)) {
    if (at < 5 || piece[at - 5] !== binUnicode) continue;
    const text = piece.toString('latin1', at, at + piece.readUInt32LE(at - 4));
    if (/^cuda:\d{1,2}$/.test(text)) return text;
  }
  return undefined;
}
