"""Reading a request body against the size limit, also chunked and compressed, never holding more than the limit."""

from __future__ import annotations

import asyncio
import time
import zlib
from typing import Any, Awaitable, Callable, Mapping, MutableMapping

from .errors import BadRequest, ClientGone, HttpError

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

# A client that writes its whole body before it reads would never see a 413 if the connection closed under it.
LINGER_BYTES = 2 << 30
LINGER_SECONDS = 30.0
_PIECE = 1 << 20


async def read_body(receive: Receive, headers: Mapping[bytes, bytes], limit: int) -> bytes | bytearray:
    """The decoded body. HttpError 413 beyond `limit` bytes (before or after decompression), 415 for an encoding
    other than gzip, deflate and identity; ClientGone when the client left while sending."""
    declared = headers.get(b"content-length", b"")
    if declared.isdigit() and int(declared) > limit:
        raise too_large(limit)
    encoding = headers.get(b"content-encoding", b"identity").strip().lower()
    if encoding != b"identity":
        return await _read_compressed(receive, encoding, limit)
    body, more = await next_part(receive)
    if len(body) > limit:
        raise too_large(limit)
    if not more:
        return body
    whole = bytearray(body)
    while more:
        body, more = await next_part(receive)
        if len(whole) + len(body) > limit:
            raise too_large(limit)
        whole += body
    return whole


async def next_part(receive: Receive) -> tuple[bytes, bool]:
    """The next part of a body and whether more follows."""
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ClientGone
    return message.get("body", b""), message.get("more_body", False)


async def discard(receive: Receive) -> None:
    """Reads the rest of a refused body without keeping it, within bounds, so that the refusal can be read."""
    deadline = time.monotonic() + LINGER_SECONDS
    seen, more = 0, True
    try:
        while more and seen < LINGER_BYTES:
            left = deadline - time.monotonic()
            body, more = await asyncio.wait_for(next_part(receive), max(left, 0.001))
            seen += len(body)
    except (ClientGone, asyncio.TimeoutError):
        return


def too_large(limit: int) -> HttpError:
    """The refusal of a body over the limit."""
    message = f"The request body is larger than {limit} bytes. Send fewer rows at once or raise limits.requestBytes"
    return HttpError(413, message)


async def _read_compressed(receive: Receive, encoding: bytes, limit: int) -> bytearray:
    inflater = _inflater(encoding)
    whole = bytearray()
    more, received = True, 0
    while more:
        data, more = await next_part(receive)
        received += len(data)
        if received > limit:
            raise too_large(limit)
        while data:
            whole += _inflate(inflater, data, min(_PIECE, limit + 1 - len(whole)))
            if len(whole) > limit:
                raise too_large(limit)
            if inflater.eof:
                break
            data = inflater.unconsumed_tail
    if not inflater.eof:
        raise BadRequest("The compressed request body ends too early")
    return whole


def _inflater(encoding: bytes) -> Any:
    if encoding in (b"gzip", b"x-gzip"):
        return zlib.decompressobj(31)
    if encoding == b"deflate":
        return zlib.decompressobj(15)
    message = f"Content-Encoding '{encoding.decode('latin-1')}' is not supported: use gzip, deflate or none"
    raise HttpError(415, message, ((b"accept-encoding", b"gzip, deflate"),))


def _inflate(inflater: Any, data: bytes, most: int) -> bytes:
    try:
        piece: bytes = inflater.decompress(data, most)
    except zlib.error as error:
        raise BadRequest(f"The compressed request body is damaged: {error}") from None
    return piece
