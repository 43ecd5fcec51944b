"""The log of a model on disk: JSON lines in rotating files, numbered without a gap over restarts.

A file is named after the number of its first line, so the number of the next line is known from the name and
the count of lines; a line that a crash cut short is dropped. When the disk is full lines are dropped and
counted, and the first line that fits again says how many are missing: nothing waits in memory.

The file `generation` names this numbering: a model that was removed and deployed again has a log with another name,
by which its readers notice that they start over.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from pathlib import Path

from .clock import now
from .store import write_atomic


class Spool:
    """Appends log lines. Every method returns normally whatever the disk does."""

    def __init__(self, folder: Path, max_bytes: int = 4 * 1024 * 1024, keep: int = 8) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._keep = keep
        self._file: int | None = None
        self._size = 0
        self._lost = 0
        self._closed = False
        self._next = 1
        with contextlib.suppress(OSError):  # tried again with the next line
            self._recover()

    @property
    def next_seq(self) -> int:
        """The number that the next line gets."""
        return self._next

    def append(self, source: str, stream: str, texts: list[str]) -> None:
        """Write lines of one source (`3/0` or `supervisor`) and stream (`out`, `err`, `sys`)."""
        if self._closed or not texts:
            return
        marker = self._marker()
        data, count = self._encode(marker + [(source, stream, text) for text in texts])
        try:
            self._write(data)
        except OSError:
            self._lost += len(texts)
            return
        self._next += count
        self._lost = 0

    def note(self, text: str) -> None:
        """Write a line of the supervisor's own."""
        self.append("supervisor", "sys", [text])

    def close(self) -> None:
        """Stop writing; later lines are dropped."""
        self._closed = True
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _marker(self) -> list[tuple[str, str, str]]:
        if not self._lost:
            return []
        return [
            (
                "supervisor",
                "sys",
                f"{self._lost} log lines are missing here: they could not be written to disk.",
            )
        ]

    def _encode(self, lines: list[tuple[str, str, str]]) -> tuple[bytes, int]:
        moment = now()
        parts = []
        for offset, (source, stream, text) in enumerate(lines):
            line = {"seq": self._next + offset, "t": moment, "r": source, "s": stream, "m": text}
            if offset == 0 and self._lost:
                line["gap"] = self._lost
            parts.append(json.dumps(line, ensure_ascii=False, separators=(",", ":")))
        return ("\n".join(parts) + "\n").encode("utf-8", "replace"), len(lines)

    def _write(self, data: bytes) -> None:
        if self._file is None:
            self._recover()
        if self._size and self._size + len(data) > self._max_bytes:
            self._rotate()
        assert self._file is not None
        try:
            written = os.write(self._file, data)
            if written != len(data):
                raise OSError("short write")
        except OSError:
            os.ftruncate(self._file, self._size)
            raise
        self._size += len(data)

    def _rotate(self) -> None:
        file = self._open(self._next)  # may fail on a full disk: then the old file stays the current one
        if self._file is not None:
            os.close(self._file)
        self._file, self._size = file, os.fstat(file).st_size
        for old in self._files()[: -self._keep]:
            old.unlink(missing_ok=True)

    def _open(self, first: int) -> int:
        path = self._folder / f"{first:012d}.jsonl"
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def _files(self) -> list[Path]:
        return sorted(path for path in self._folder.glob("*.jsonl") if path.stem.isdigit())

    def _name_generation(self) -> None:
        path = self._folder / "generation"
        if not path.exists():
            write_atomic(path, secrets.token_hex(8).encode())

    def _recover(self) -> None:
        """Open the newest file, cut a torn last line off, and learn the next number."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._name_generation()
        files = self._files()
        first = int(files[-1].stem) if files else self._next
        data = files[-1].read_bytes() if files else b""
        whole = data.rfind(b"\n") + 1
        file = self._open(first)
        try:
            os.ftruncate(file, whole)
        except OSError:
            os.close(file)
            raise
        self._file, self._size = file, whole
        self._next = first + data.count(b"\n", 0, whole)
