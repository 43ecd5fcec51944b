"""The plainest HTTP/1.1 request, which is what most clients send: `POST`, a Content-Length, nothing to negotiate.

What is not that plain, or not surely well-formed, is left to a complete implementation (RFC 9112).
"""

from __future__ import annotations

import http
import re
from typing import Any, Iterable, NamedTuple, Tuple, Union

LARGEST_HEAD = 16 << 10
LARGEST_BODY = 64 << 10
_MOST_HEADS = 64
_FIRST = re.compile(rb"POST (/[A-Za-z0-9._~/-]*) HTTP/1\.1\Z")
_FIELD = re.compile(rb"([A-Za-z0-9-]+):[ \t]*([\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)?[ \t]*\Z")
_LENGTH = re.compile(rb"[0-9]{1,9}\Z")
# Each of these changes what the body is, or what the answer must be.
_SPECIAL = {b"transfer-encoding", b"content-encoding", b"expect", b"upgrade", b"te", b"trailer"}
_PHRASES = {status.value: status.phrase for status in http.HTTPStatus}
Fields = Iterable[Tuple[bytes, bytes]]


class Head(NamedTuple):
    """`scope` has path, method and headers of an ASGI scope. The body begins at `end`, and all ends at `total`."""

    scope: dict[str, Any]
    headers: dict[bytes, bytes]
    end: int
    total: int


class _Incomplete:
    """What has come is the beginning of a head."""


INCOMPLETE = _Incomplete()
Found = Union[Head, _Incomplete, None]


class Reader:
    """Reads heads. Clients repeat theirs from request to request, so the last ones are kept as read."""

    def __init__(self) -> None:
        self._known: dict[bytes, Head | None] = {}

    def read(self, data: bytes) -> Found:
        """The head at the start of `data`; None when it is not plain."""
        end = data.find(b"\r\n\r\n")
        if end < 0:
            return None if len(data) > LARGEST_HEAD else INCOMPLETE
        text = data[:end]
        if text not in self._known:
            if len(self._known) >= _MOST_HEADS:
                self._known.clear()
            self._known[text] = _parse(text)
        return self._known[text]


def _parse(text: bytes) -> Head | None:
    lines = text.split(b"\r\n")
    first = _FIRST.match(lines[0])
    fields = [_FIELD.match(line) for line in lines[1:]]
    if first is None or len(text) > LARGEST_HEAD:
        return None
    pairs = [(field.group(1).lower(), field.group(2) or b"") for field in fields if field is not None]
    headers = dict(pairs)
    length = headers.get(b"content-length", b"")
    # A name that comes twice is as suspicious as a line that is no field.
    if len(headers) != len(fields) or not _LENGTH.match(length) or not _is_plain(headers):
        return None
    size, end = int(length), len(text) + 4
    scope = {"type": "http", "method": "POST", "path": first.group(1).decode(), "headers": pairs}
    return Head(scope, headers, end, end + size) if size <= LARGEST_BODY else None


def _is_plain(headers: dict[bytes, bytes]) -> bool:
    return headers.get(b"connection", b"keep-alive").lower() == b"keep-alive" and not _SPECIAL & headers.keys()


def answer(status: int, headers: Fields, body: bytes) -> bytes:
    """A complete answer; `headers` are all but Content-Length."""
    parts = [f"HTTP/1.1 {status} {_PHRASES.get(status, '')}\r\n".encode()]
    for name, value in headers:
        parts += (name, b": ", value, b"\r\n")
    parts += (b"content-length: ", str(len(body)).encode(), b"\r\n\r\n", body)
    return b"".join(parts)
