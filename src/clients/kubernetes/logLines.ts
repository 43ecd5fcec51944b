/** One line as the container runtime kept it. */
export interface PodLogLine {
  /** RFC 3339 with nanoseconds, as the kubelet tells it. */
  readonly time: string;
  readonly text: string;
  /** False for the rest of a log that ended within a line: the connection broke there, or the writer did. */
  readonly isWhole: boolean;
}

/** A line that is longer is cut: it is kept for people. */
const longestLine = 64 * 1024;
/** Room for the time before it. */
const longestHead = 64;
const most = longestLine + longestHead;
const newline = 10;
const space = 32;

/** Lines of a stream of bytes; those that were read together come together. */
export async function* splitLines(stream: AsyncIterable<unknown>): AsyncGenerator<readonly PodLogLine[]> {
  const splitter = new LineSplitter();
  for await (const chunk of stream) {
    const lines = splitter.feed(chunk as Buffer);
    if (lines.length > 0) yield lines;
  }
  const rest = splitter.rest();
  if (rest !== undefined) yield [rest];
}

/**
 * Splits bytes, so that each line is a string of its own: a piece of a larger string would keep all of it. A long line is
 * cut while it comes; memory holds no more of it.
 */
class LineSplitter {
  #held: Buffer[] = [];
  #heldBytes = 0;
  /** Of the line that has not ended. */
  #bytes = 0;

  feed(chunk: Buffer): readonly PodLogLine[] {
    const lines: PodLogLine[] = [];
    let start = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      this.#hold(chunk.subarray(start, end));
      lines.push(this.#take(true));
      start = end + 1;
    }
    // A copy: what is held must not keep the chunk.
    if (start < chunk.length) this.#hold(Buffer.from(chunk.subarray(start)));
    return lines;
  }

  rest(): PodLogLine | undefined {
    return this.#bytes === 0 ? undefined : this.#take(false);
  }

  #hold(bytes: Buffer): void {
    this.#bytes += bytes.length;
    const room = most - this.#heldBytes;
    if (room <= 0 || bytes.length === 0) return;
    this.#held.push(bytes.subarray(0, room));
    this.#heldBytes += Math.min(room, bytes.length);
  }

  #take(isWhole: boolean): PodLogLine {
    const [only] = this.#held;
    const bytes = this.#held.length === 1 && only !== undefined ? only : Buffer.concat(this.#held);
    const line = parseLine(bytes, this.#bytes, isWhole);
    this.#held = [];
    this.#heldBytes = 0;
    this.#bytes = 0;
    return line;
  }
}

/** @param all bytes of the line, of which `bytes` may be only the begin */
function parseLine(bytes: Buffer, all: number, isWhole: boolean): PodLogLine {
  const found = bytes.subarray(0, longestHead).indexOf(space);
  const head = found === -1 ? Math.min(bytes.length, longestHead) : found;
  const begin = Math.min(head + 1, bytes.length);
  const isLong = all - begin > longestLine;
  const text = isLong
    ? `${bytes.toString('utf8', begin, boundary(bytes, begin + longestLine))} … (cut, ${String(all - begin)} bytes)`
    : bytes.toString('utf8', begin).replace(/\r$/, '');
  return { time: bytes.toString('latin1', 0, head), text, isWhole };
}

/** Where to cut so that no character of UTF-8 is halved. */
function boundary(bytes: Buffer, at: number): number {
  let cut = Math.min(at, bytes.length);
  for (let steps = 0; steps < 3 && cut > 0 && ((bytes[cut] ?? 0) & 0xc0) === 0x80; steps++) cut--;
  return cut;
}
