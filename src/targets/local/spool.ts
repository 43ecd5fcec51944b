import { open, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { LogLine } from '../../core/logs';

const chunkBytes = 256 * 1024;

interface Segment {
  readonly name: string;
  /** Sequence number of its first line. */
  readonly first: number;
}

/** Reads the log of a model where it left off; the supervisor appends to the last segment and deletes the oldest. */
export class SpoolReader {
  readonly #folder: string;
  #next: number;
  #segment: Segment | undefined;
  #offset = 0;
  #generation: string | undefined;

  /** @param generation the log that `first` counts in, by default the one that is there */
  constructor(folder: string, first: number, generation?: string) {
    this.#folder = folder;
    this.#next = first;
    this.#generation = generation;
  }

  /** The complete lines that have come since the last call, all of them when the log was replaced by another one. */
  async *read(signal: AbortSignal): AsyncGenerator<LogLine> {
    const generation = await generationOf(this.#folder);
    if (this.#generation !== undefined && generation !== this.#generation) {
      this.#next = 1;
      this.#segment = undefined;
      this.#offset = 0;
    }
    this.#generation = generation;
    const segments = await segmentsOf(this.#folder);
    const start =
      this.#segment === undefined
        ? segments.findLastIndex((one) => one.first <= this.#next)
        : segments.findIndex((one) => one.first >= (this.#segment?.first ?? 0));
    for (const segment of segments.slice(Math.max(0, start))) {
      if (segment.name !== this.#segment?.name) {
        this.#segment = segment;
        this.#offset = 0;
      }
      for await (const line of this.#readOn(segment, signal)) {
        if (line.seq < this.#next) continue;
        this.#next = line.seq + 1;
        yield { ...line, generation };
      }
    }
  }

  /** A last line without an end is still being written and left for the next call. */
  async *#readOn(segment: Segment, signal: AbortSignal): AsyncGenerator<LogLine> {
    const handle = await open(path.join(this.#folder, segment.name), 'r').catch(() => undefined);
    if (handle === undefined) return;
    try {
      // The folder may have been replaced since its generation was read; the next call sees that.
      if ((await generationOf(this.#folder)) !== this.#generation) return;
      const buffer = Buffer.alloc(chunkBytes);
      for (;;) {
        signal.throwIfAborted();
        const { bytesRead } = await handle.read(buffer, 0, chunkBytes, this.#offset);
        const end = buffer.subarray(0, bytesRead).lastIndexOf(10);
        if (end === -1) return;
        this.#offset += end + 1;
        yield* buffer
          .subarray(0, end)
          .toString('utf8')
          .split('\n')
          .map(parseLine)
          .filter((line) => line !== undefined);
      }
    } finally {
      await handle.close();
    }
  }
}

/** Sequence number of the first of the last `count` lines. */
export async function firstOfTail(folder: string, count: number, signal: AbortSignal): Promise<number> {
  const segments = await segmentsOf(folder);
  const last = segments.at(-1);
  if (last === undefined) return 1;
  let newest = last.first - 1;
  for await (const line of new SpoolReader(folder, last.first).read(signal)) newest = line.seq;
  return Math.max(segments[0]?.first ?? 1, newest - count + 1);
}

/** The supervisor names a log before it writes its first line. */
async function generationOf(folder: string): Promise<string> {
  return readFile(path.join(folder, 'generation'), 'utf8').catch(() => '');
}

async function segmentsOf(folder: string): Promise<readonly Segment[]> {
  const names = await readdir(folder).catch(() => []);
  return names
    .filter((name) => /^\d+\.jsonl$/.test(name))
    .sort()
    .map((name) => ({ name, first: Number.parseInt(name, 10) }));
}

const streams = { out: 'stdout', err: 'stderr', sys: 'system' } as const;

function parseLine(text: string): LogLine | undefined {
  try {
    const raw = JSON.parse(text) as {
      readonly seq: number;
      readonly t: string;
      readonly r: string;
      readonly s: keyof typeof streams;
      readonly m: string;
    };
    return { seq: raw.seq, time: raw.t, source: raw.r, stream: streams[raw.s], text: raw.m };
  } catch {
    return undefined;
  }
}
