import { blockBytes, paddingOf } from './tar';

/** An entry of somebody else's archive. Names are as they stand there: judge them before use. */
export interface FoundEntry {
  /** Without `./` and without a trailing slash. */
  readonly path: string;
  readonly type: 'file' | 'folder' | 'link' | 'hardLink' | 'other';
  readonly target: string;
  readonly size: number;
  /** The content, at most once and before the next entry is taken; what is not read is skipped. */
  content(): AsyncIterable<Buffer>;
}

const types: Readonly<Record<string, FoundEntry['type']>> = {
  '0': 'file',
  '\0': 'file',
  '7': 'file',
  '1': 'hardLink',
  '2': 'link',
  '5': 'folder',
};

/**
 * Reads an archive in one pass: ustar, pax and GNU names. It ends where the archive ends, or where the stream does.
 * @throws Error for a header that is damaged or a stream that ends within an entry
 */
export async function* readTar(stream: AsyncIterable<Uint8Array>): AsyncGenerator<FoundEntry> {
  const reader = new ByteReader(stream);
  let next: { path?: string; target?: string; size?: number } = {};
  try {
    for (;;) {
      const header = await reader.take(blockBytes);
      if (header === undefined || header.every((byte) => byte === 0)) return;
      const type = String.fromCharCode(header[156] ?? 0);
      const size = next.size ?? numberAt(header, 124, 12);
      if ('xgLK'.includes(type)) {
        const body = await reader.must(size);
        await reader.skip(paddingOf(size));
        next = { ...next, ...extension(type, body) };
        continue;
      }
      const content = new Content(reader, size);
      yield {
        path: (next.path ?? nameOf(header)).replace(/^(\.\/)+/, '').replace(/\/+$/, ''),
        type: types[type] ?? 'other',
        target: next.target ?? textAt(header, 157, 100),
        size,
        content: () => content.read(),
      };
      await content.skip();
      await reader.skip(paddingOf(size));
      next = {};
    }
  } finally {
    await reader.close();
  }
}

function extension(type: string, body: Buffer): { path?: string; target?: string; size?: number } {
  if (type === 'L') return { path: withoutEnd(body) };
  if (type === 'K') return { target: withoutEnd(body) };
  // A global header speaks of all entries; none of what it may say matters here.
  if (type === 'g') return {};
  const records = paxRecords(body);
  const [path, target, size] = [records.get('path'), records.get('linkpath'), records.get('size')];
  return {
    ...(path === undefined ? {} : { path }),
    ...(target === undefined ? {} : { target }),
    ...(size === undefined ? {} : { size: Number(size) }),
  };
}

function paxRecords(body: Buffer): ReadonlyMap<string, string> {
  const records = new Map<string, string>();
  for (let at = 0; at < body.length;) {
    const space = body.indexOf(0x20, at);
    const length = Number(body.toString('latin1', at, space));
    if (!(length > 0)) throw new Error('a pax header is damaged');
    const record = body.toString('utf8', space + 1, at + length - 1);
    const equals = record.indexOf('=');
    records.set(record.slice(0, equals), record.slice(equals + 1));
    at += length;
  }
  return records;
}

function nameOf(header: Buffer): string {
  const prefix = header.toString('latin1', 257, 263) === 'ustar\0' ? textAt(header, 345, 155) : '';
  const name = textAt(header, 0, 100);
  return prefix === '' ? name : `${prefix}/${name}`;
}

function textAt(header: Buffer, start: number, length: number): string {
  return withoutEnd(header.subarray(start, start + length));
}

function withoutEnd(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end === -1 ? bytes.length : end);
}

/** Octal digits, or for large numbers GNU's big-endian bytes after a set bit. */
function numberAt(header: Buffer, start: number, length: number): number {
  if (((header[start] ?? 0) & 0x80) !== 0) return Number(header.readBigUInt64BE(start + length - 8));
  const value = Number.parseInt(textAt(header, start, length).trim() || '0', 8);
  if (Number.isNaN(value)) throw new Error('a tar header is damaged');
  return value;
}

class Content {
  readonly #reader: ByteReader;
  #left: number;

  constructor(reader: ByteReader, size: number) {
    this.#reader = reader;
    this.#left = size;
  }

  async *read(): AsyncGenerator<Buffer> {
    while (this.#left > 0) {
      const chunk = await this.#reader.some(this.#left);
      this.#left -= chunk.length;
      yield chunk;
    }
  }

  async skip(): Promise<void> {
    await this.#reader.skip(this.#left);
    this.#left = 0;
  }
}

/** Hands out the bytes of a stream in the pieces that are asked for. */
class ByteReader {
  readonly #source: AsyncIterator<Uint8Array>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(stream: AsyncIterable<Uint8Array>) {
    this.#source = stream[Symbol.asyncIterator]();
  }

  /** Exactly so many bytes; undefined at the end of the stream. */
  async take(size: number): Promise<Buffer | undefined> {
    const pieces: Buffer[] = [];
    let missing = size;
    while (missing > 0) {
      if (this.#rest.length === 0 && !(await this.#more())) {
        if (missing === size) return undefined;
        throw new Error('the archive is cut off');
      }
      const piece = this.#rest.subarray(0, missing);
      this.#rest = this.#rest.subarray(piece.length);
      missing -= piece.length;
      pieces.push(piece);
    }
    return pieces.length === 1 ? pieces[0] : Buffer.concat(pieces);
  }

  async must(size: number): Promise<Buffer> {
    if (size === 0) return Buffer.alloc(0);
    if (size > 1024 * 1024) throw new Error('a header of the archive is longer than it can be');
    const bytes = await this.take(size);
    if (bytes === undefined) throw new Error('the archive is cut off');
    return bytes;
  }

  /** What is at hand, at least one byte and at most `most`. */
  async some(most: number): Promise<Buffer> {
    if (this.#rest.length === 0 && !(await this.#more())) throw new Error('the archive is cut off');
    const piece = this.#rest.subarray(0, most);
    this.#rest = this.#rest.subarray(piece.length);
    return piece;
  }

  async skip(size: number): Promise<void> {
    for (let left = size; left > 0;) left -= (await this.some(left)).length;
  }

  async close(): Promise<void> {
    await this.#source.return?.();
  }

  async #more(): Promise<boolean> {
    for (;;) {
      const next = await this.#source.next();
      if (next.done === true) return false;
      if (next.value.length === 0) continue;
      this.#rest = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength);
      return true;
    }
  }
}
