/**
 * Pieces of which each stands until the next is asked for; then its memory is given back. The collector would let some
 * 64 MB of them pile up in each thread. For streams that write to no memory again that a piece has reached the end of,
 * such as those of zlib and of files.
 */
export async function* releasing(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const piece of pieces) {
    yield piece;
    const { buffer, byteOffset, byteLength } = piece;
    // Small ones lie in memory that others share: a stream makes one of several that it holds.
    if (buffer.byteLength > Buffer.poolSize && byteOffset + byteLength === buffer.byteLength)
      (buffer as ArrayBuffer).transfer(0);
  }
}
