import { createHash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { constants, crc32, deflateRawSync } from 'node:zlib';
import { fileChanged } from '../../clients/files/contentStore';
import { mediaTypes } from '../../core/oci';
import { paddingOf, tarEnd, tarHeader, type TarEntry } from './tar';

/** A layer as its manifest names it. */
export interface Layer {
  readonly mediaType: string;
  /** Of the compressed bytes, which is what registries keep. */
  readonly digest: string;
  /** Of the tar archive, which is what the image's configuration names. */
  readonly diffId: string;
  readonly size: number;
  /** Bytes of the tar archive. */
  readonly unpacked: number;
}

const gzipHeader = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
const pendingBytes = 512 * 1024;
const writeBytes = 512 * 1024;

/**
 * Run lengths and Huffman codes only: zlib looks for longer matches with code that depends on its version and on the
 * processor, and equal inputs must give equal digests everywhere.
 */
const reproducible = { strategy: constants.Z_RLE, level: 6, memLevel: 8, windowBits: 15 };

/**
 * Writes a layer in one pass: tar, gzip and both hashes. The gzip file has many members, so that what is deflated
 * already is copied as it is between members that hold headers, padding and small files.
 * @see https://www.rfc-editor.org/rfc/rfc1952#section-2.2
 */
export class LayerWriter {
  readonly #file: FileHandle;
  readonly #blob = createHash('sha256');
  readonly #tar = createHash('sha256');
  readonly #folders = new Set<string>(['']);
  /** The same memory for the whole layer: buffers of this size stay long after they were used. */
  readonly #pending = Buffer.allocUnsafe(pendingBytes);
  #pendingBytes = 0;
  readonly #output = Buffer.allocUnsafe(writeBytes);
  #outputBytes = 0;
  #size = 0;
  #unpacked = 0;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /** The file is made; the caller removes it when the layer does not come about. */
  static async create(path: string): Promise<LayerWriter> {
    return new LayerWriter(await open(path, 'wx', 0o644));
  }

  /** A folder, link or file with its content at hand. Missing parents are added. */
  async add(entry: TarEntry, content: Buffer = Buffer.alloc(0)): Promise<void> {
    if (entry.kind === 'folder') {
      await this.#folder(entry.path);
      return;
    }
    await this.#folder(parentOf(entry.path));
    await this.#compressed(tarHeader(entry));
    await this.#compressed(content);
    await this.#compressed(Buffer.alloc(paddingOf(content.length)));
  }

  /** A file whose content is deflated already. `content` is hashed, `raw` is written. */
  async addDeflated(
    entry: Extract<TarEntry, { kind: 'file' }>,
    crc: number,
    raw: AsyncIterable<Buffer> | Iterable<Buffer>,
    content: AsyncIterable<Buffer> | Iterable<Buffer>,
  ): Promise<void> {
    await this.#folder(parentOf(entry.path));
    await this.#compressed(tarHeader(entry));
    await this.#flushPending();
    await this.#write(gzipHeader);
    for await (const piece of raw) await this.#write(piece);
    await this.#write(memberEnd(crc, entry.size));
    let size = 0;
    let found = 0;
    for await (const piece of content) {
      this.#tar.update(piece);
      found = crc32(piece, found);
      size += piece.length;
    }
    if (size !== entry.size || found !== crc) throw new Error(`${entry.path} is damaged: its checksum is wrong`);
    this.#unpacked += size;
    await this.#compressed(Buffer.alloc(paddingOf(size)));
  }

  /** A file that is too large for memory, in pieces. @throws UserError FileChanged */
  async addStream(entry: Extract<TarEntry, { kind: 'file' }>, content: AsyncIterable<Buffer>): Promise<void> {
    await this.#folder(parentOf(entry.path));
    await this.#compressed(tarHeader(entry));
    let size = 0;
    for await (const piece of content) {
      size += piece.length;
      if (size > entry.size) break;
      await this.#compressed(piece);
    }
    if (size !== entry.size) throw fileChanged(entry.path, 'read');
    await this.#compressed(Buffer.alloc(paddingOf(size)));
  }

  /** Ends the layer and the file. */
  async finish(): Promise<Layer> {
    await this.#compressed(tarEnd);
    await this.#flushPending();
    await this.#flushOutput();
    await this.#file.close();
    return {
      mediaType: mediaTypes.layerGzip,
      digest: `sha256:${this.#blob.digest('hex')}`,
      diffId: `sha256:${this.#tar.digest('hex')}`,
      size: this.#size,
      unpacked: this.#unpacked,
    };
  }

  async abandon(): Promise<void> {
    await this.#file.close().catch(() => undefined);
  }

  /** Folders stand before what is in them, each once. */
  async #folder(path: string): Promise<void> {
    if (this.#folders.has(path)) return;
    await this.#folder(parentOf(path));
    this.#folders.add(path);
    await this.#compressed(tarHeader({ kind: 'folder', path }));
  }

  async #compressed(bytes: Buffer): Promise<void> {
    if (bytes.length === 0) return;
    this.#tar.update(bytes);
    this.#unpacked += bytes.length;
    for (let done = 0; done < bytes.length;) {
      const copied = bytes.copy(this.#pending, this.#pendingBytes, done);
      done += copied;
      this.#pendingBytes += copied;
      if (this.#pendingBytes === pendingBytes) await this.#flushPending();
    }
  }

  async #flushPending(): Promise<void> {
    if (this.#pendingBytes === 0) return;
    const bytes = this.#pending.subarray(0, this.#pendingBytes);
    this.#pendingBytes = 0;
    await this.#write(gzipHeader);
    await this.#write(deflateRawSync(bytes, { ...reproducible, chunkSize: roomFor(bytes.length) }));
    await this.#write(memberEnd(crc32(bytes), bytes.length));
  }

  async #write(bytes: Buffer): Promise<void> {
    this.#blob.update(bytes);
    this.#size += bytes.length;
    for (let done = 0; done < bytes.length;) {
      const copied = bytes.copy(this.#output, this.#outputBytes, done);
      done += copied;
      this.#outputBytes += copied;
      if (this.#outputBytes === writeBytes) await this.#flushOutput();
    }
  }

  async #flushOutput(): Promise<void> {
    const bytes = this.#output.subarray(0, this.#outputBytes);
    this.#outputBytes = 0;
    for (let done = 0; done < bytes.length;) done += (await this.#file.write(bytes, done)).bytesWritten;
  }
}

/** Most of what is deflated at once is a header of 512 bytes: room for it all would be freed much later than it is used. */
function roomFor(bytes: number): number {
  return bytes + (bytes >> 10) + 128;
}

function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash === -1 ? '' : path.slice(0, slash);
}

/** Checksum and length modulo 2^32 of the content. */
function memberEnd(crc: number, size: number): Buffer {
  const end = Buffer.alloc(8);
  end.writeUInt32LE(crc, 0);
  end.writeUInt32LE(size % 0x100000000, 4);
  return end;
}
