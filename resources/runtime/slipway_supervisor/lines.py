"""From the bytes that a worker prints to lines of the log: split, decoded, cleaned, without secret values."""

from __future__ import annotations

import re
from collections.abc import Iterable

MAX_LINE_BYTES = 16 * 1024
"""A longer line is split at this many bytes."""

_SHORTEST_SECRET = 6
_MASK = "***"
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\^_])")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


class Redactor:
    """Replaces secret values of six characters and more; of a value with several lines also each line.

    Shorter values are left: masking every "1234" would make a log unreadable.
    """

    def __init__(self) -> None:
        self._values: list[str] = []
        self._raw: list[bytes] = []
        self.longest = 0

    def learn(self, values: Iterable[str]) -> None:
        """Mask these values from now on, also after they were replaced by others."""
        known = set(self._values)
        for value in values:
            known.update(part for part in (value, *value.splitlines()) if len(part) >= _SHORTEST_SECRET)
        self._values = sorted(known, key=len, reverse=True)
        self._raw = [value.encode("utf-8", "surrogateescape") for value in self._values]
        self.longest = max(map(len, self._raw), default=0)

    def text(self, text: str) -> str:
        """`text` with every secret value masked."""
        for value in self._values:
            text = text.replace(value, _MASK)
        return text

    def raw(self, data: bytes) -> bytes:
        """`data` with every secret value masked."""
        for value in self._raw:
            data = data.replace(value, _MASK.encode())
        return data


class LineSplitter:
    """Turns chunks into lines. Holds at most one line's worth of bytes, whatever arrives."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._rest = b""

    def feed(self, chunk: bytes) -> list[str]:
        """The lines that `chunk` completes."""
        *whole, self._rest = (self._rest + chunk).split(b"\n")
        lines = [text for line in whole for text in self._pieces(line, 0)]
        # A secret must not hide across a split: what could be the beginning of one waits for the rest.
        return lines + self._pieces(self._rest, self._redactor.longest, keep_rest=True)

    def close(self) -> list[str]:
        """The last line when it had no end."""
        rest, self._rest = self._rest, b""
        return self._pieces(rest, 0) if rest else []

    def _pieces(self, line: bytes, margin: int, keep_rest: bool = False) -> list[str]:
        if len(line) > MAX_LINE_BYTES + margin:
            line = self._redactor.raw(line)
        pieces = []
        while len(line) > MAX_LINE_BYTES + margin:
            cut = _boundary(line)
            pieces.append(self._clean(line[:cut]))
            line = line[cut:]
        if keep_rest:
            self._rest = line
            return pieces
        return [*pieces, self._clean(line)]

    def _clean(self, line: bytes) -> str:
        text = _ESCAPES.sub("", line.decode("utf-8", "replace").rstrip("\r"))
        text = text[text.rfind("\r") + 1 :]  # a progress bar writes over itself: its last state counts
        return self._redactor.text(_CONTROLS.sub("", text))


def _boundary(line: bytes) -> int:
    """Where to split so that no UTF-8 character is cut."""
    cut = MAX_LINE_BYTES
    while cut > MAX_LINE_BYTES - 4 and line[cut] & 0xC0 == 0x80:
        cut -= 1
    return cut
