import { open, type FileHandle } from 'node:fs/promises';
import { createInflateRaw, inflateRawSync } from 'node:zlib';
import type { Writable } from 'node:stream';
import { releasing } from '../../clients/files/releasing';

/** A file in a zip archive. The name is as it stands there: judge it before use. */
export interface ZipEntry {
  readonly name: string;
  readonly method: 'stored' | 'deflated';
  readonly crc32: number;
  readonly compressedSize: number;
  readonly size: number;
  /** Unix mode, 0 where the archive was made on another system. */
  readonly mode: number;
  readonly headerOffset: number;
}

const endSignature = 0x06054b50;
const end64Signature = 0x06064b50;
const locator64Signature = 0x07064b50;
const centralSignature = 0x02014b50;
const localSignature = 0x04034b50;
const longestComment = 0xffff;
const readBytes = 256 * 1024;
/** Zlib takes no less. */
const smallestChunk = 64;
/** Entries mostly stand in the order in which they are asked for, so one read serves many of them. */
const windowBytes = 512 * 1024;

/**
 * Reads zip archives, and the compressed bytes in them as they are, which is what layers are made of.
 * @see https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
 */
export class ZipFile {
  readonly entries: readonly ZipEntry[];
  readonly #file: ReadableFile;

  private constructor(file: ReadableFile, entries: readonly ZipEntry[]) {
    this.#file = file;
    this.entries = entries;
  }

  /** @throws Error for a file that is no zip archive or uses what wheels do not: encryption, other methods, several parts */
  static async open(path: string): Promise<ZipFile> {
    const file = await openFile(path);
    try {
      return new ZipFile(file, await readDirectory(file));
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  /** The compressed bytes of an entry, read from the file in pieces. Each stands until the next read of this file. */
  async *raw(entry: ZipEntry): AsyncGenerator<Buffer> {
    let position = await this.#dataOffset(entry);
    for (let left = entry.compressedSize; left > 0;) {
      const piece = await this.#file.read(position, Math.min(left, readBytes));
      yield piece;
      left -= piece.length;
      position += piece.length;
    }
  }

  /** The content of an entry, piece by piece. Each stands until the next read of this file. */
  content(entry: ZipEntry): AsyncIterable<Buffer> {
    return entry.method === 'stored' ? this.raw(entry) : inflateStream(this.raw(entry));
  }

  /** The compressed bytes of a small entry. They stand until the next read of this file. */
  async rawBuffer(entry: ZipEntry): Promise<Buffer> {
    return this.#file.read(await this.#dataOffset(entry), entry.compressedSize);
  }

  /** The content of a small entry. @throws Error when it is damaged */
  async read(entry: ZipEntry): Promise<Buffer> {
    const content = inflate(entry, await this.rawBuffer(entry));
    return entry.method === 'stored' ? Buffer.from(content) : content;
  }

  /** A local header repeats the name and has extra fields of its own length. */
  async #dataOffset(entry: ZipEntry): Promise<number> {
    const header = await this.#file.read(entry.headerOffset, 30);
    if (header.readUInt32LE(0) !== localSignature)
      throw new Error(`the entry ${entry.name} of the zip file is damaged`);
    return entry.headerOffset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
  }
}

/** The content of an entry from its compressed bytes. @throws Error when its size is another than the archive says */
export function inflate(entry: ZipEntry, raw: Buffer): Buffer {
  const content = entry.method === 'stored' ? raw : inflateAtOnce(raw, entry.size + 1);
  if (content.length !== entry.size) throw new Error(`the entry ${entry.name} of the zip file is damaged`);
  return content;
}

/** In one buffer of the right size, where zlib by itself collects small ones and joins them. */
function inflateAtOnce(raw: Buffer, most: number): Buffer {
  return inflateRawSync(raw, { maxOutputLength: most, chunkSize: Math.max(most, smallestChunk) });
}

/**
 * The content of a deflated entry from its compressed bytes, piece by piece. Nothing is read before it is asked for, and
 * each piece stands until the next is.
 */
export async function* inflateStream(raw: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const inflating = createInflateRaw({ chunkSize: readBytes });
  feed(inflating, raw).catch((error: unknown) => inflating.destroy(error as Error));
  yield* releasing(inflating as AsyncIterable<Buffer>);
}

/** A piece is read when the one before was used: reading ahead would overwrite it. */
async function feed(stream: Writable, pieces: AsyncIterable<Buffer>): Promise<void> {
  for await (const piece of pieces)
    await new Promise<void>((resolve, reject) => {
      stream.write(piece, (error) => {
        if (error) reject(error);
        else resolve();
      });
    });
  stream.end();
}

interface ReadableFile {
  readonly size: number;
  /** The bytes stand until the next read. @throws Error when the file ends before */
  read(position: number, length: number): Promise<Buffer>;
  close(): Promise<void>;
}

async function openFile(path: string): Promise<ReadableFile> {
  const handle = await open(path, 'r');
  const { size } = await handle.stat();
  const memory = Buffer.allocUnsafe(Math.min(windowBytes, size));
  let start = 0;
  let window: Buffer = memory.subarray(0, 0);
  const read = async (position: number, length: number): Promise<Buffer> => {
    if (position + length > size) throw cutOff();
    if (length > memory.length) return fill(handle, Buffer.allocUnsafe(length), position);
    if (position < start || position + length > start + window.length) {
      window = await fill(handle, memory.subarray(0, size - position), position);
      start = position;
    }
    return window.subarray(position - start, position - start + length);
  };
  return { size, read, close: () => handle.close() };
}

async function readDirectory(file: ReadableFile): Promise<readonly ZipEntry[]> {
  const { size } = file;
  const tailStart = Math.max(0, size - longestComment - 22 - 20);
  const tail = await file.read(tailStart, size - tailStart);
  const at = lastSignature(tail);
  const { count, bytes, offset } = await locateDirectory(file, tail, at);
  if (offset + bytes > size) throw cutOff();
  const directory = await file.read(offset, bytes);
  const entries: ZipEntry[] = [];
  for (let position = 0; entries.length < count;) {
    const { entry, length } = readEntry(directory, position);
    entries.push(entry);
    position += length;
  }
  return entries;
}

function lastSignature(tail: Buffer): number {
  for (let at = tail.length - 22; at >= 0; at--) if (tail.readUInt32LE(at) === endSignature) return at;
  throw new Error('it is not a zip file');
}

async function locateDirectory(
  file: ReadableFile,
  tail: Buffer,
  at: number,
): Promise<{ readonly count: number; readonly bytes: number; readonly offset: number }> {
  const plain = {
    count: tail.readUInt16LE(at + 10),
    bytes: tail.readUInt32LE(at + 12),
    offset: tail.readUInt32LE(at + 16),
  };
  const locator = at - 20;
  if (locator < 0 || tail.readUInt32LE(locator) !== locator64Signature) return plain;
  const record = await file.read(Number(tail.readBigUInt64LE(locator + 8)), 56);
  if (record.readUInt32LE(0) !== end64Signature) throw new Error('the zip file is damaged');
  return {
    count: Number(record.readBigUInt64LE(32)),
    bytes: Number(record.readBigUInt64LE(40)),
    offset: Number(record.readBigUInt64LE(48)),
  };
}

function readEntry(directory: Buffer, at: number): { readonly entry: ZipEntry; readonly length: number } {
  if (directory.readUInt32LE(at) !== centralSignature) throw new Error('the directory of the zip file is damaged');
  const [nameLength, extraLength] = [directory.readUInt16LE(at + 28), directory.readUInt16LE(at + 30)];
  const name = directory.toString('utf8', at + 46, at + 46 + nameLength);
  const extra = directory.subarray(at + 46 + nameLength, at + 46 + nameLength + extraLength);
  const sizes = largeSizes(extra, {
    size: directory.readUInt32LE(at + 24),
    compressedSize: directory.readUInt32LE(at + 20),
    headerOffset: directory.readUInt32LE(at + 42),
  });
  return {
    entry: {
      name,
      method: methodOf(name, directory.readUInt16LE(at + 10), directory.readUInt16LE(at + 8)),
      crc32: directory.readUInt32LE(at + 16),
      mode: directory.readUInt16LE(at + 40),
      ...sizes,
    },
    length: 46 + nameLength + extraLength + directory.readUInt16LE(at + 32),
  };
}

function methodOf(name: string, method: number, flags: number): ZipEntry['method'] {
  if ((flags & 1) !== 0) throw new Error(`the entry ${name} of the zip file is encrypted`);
  if (method === 0) return 'stored';
  if (method === 8) return 'deflated';
  throw new Error(`the entry ${name} of the zip file is compressed by method ${method}`);
}

type Sizes = Pick<ZipEntry, 'size' | 'compressedSize' | 'headerOffset'>;

/** Zip64: fields that are all ones stand in the extra field 1 instead, in this order. */
function largeSizes(extra: Buffer, sizes: Sizes): Sizes {
  const isLarge = (value: number): boolean => value === 0xffffffff;
  if (!Object.values(sizes).some(isLarge)) return sizes;
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) !== 1) continue;
    let position = at + 4;
    const take = (value: number): number => {
      if (!isLarge(value)) return value;
      position += 8;
      return Number(extra.readBigUInt64LE(position - 8));
    };
    const [size, compressedSize] = [take(sizes.size), take(sizes.compressedSize)];
    return { size, compressedSize, headerOffset: take(sizes.headerOffset) };
  }
  throw new Error('a large entry of the zip file does not tell its size');
}

async function fill(file: FileHandle, buffer: Buffer, position: number): Promise<Buffer> {
  for (let done = 0; done < buffer.length;) {
    const { bytesRead } = await file.read(buffer, done, buffer.length - done, position + done);
    if (bytesRead === 0) throw cutOff();
    done += bytesRead;
  }
  return buffer;
}

function cutOff(): Error {
  return new Error('the zip file is cut off');
}
