"""Standard output and standard error that count their lines, and say so in a line of their own from time to time.

Whoever reads a log by another way than this process, such as a kubelet that throws old lines away, can tell from two
such lines how many should stand between them. Lines themselves stay as they were written: programs read them, too.
"""

from __future__ import annotations

import io
import os
import sys
import threading
import time

LINES = 1000
"""The count is said after so many lines, ..."""
_FEWER_LINES = 100
_SECONDS = 10.0
"""... or after fewer when so much time has passed."""


class Count:
    """Lines that this process has written, to both streams. What children write by themselves is not among them."""

    def __init__(self) -> None:
        # A signal handler or a finalizer may print while a line is being written.
        self.lock = threading.RLock()
        self.lines = 0
        self.active = True
        self._said = 0
        self._time = time.monotonic()

    def words(self) -> bytes:
        """What there is to say now; empty for nothing."""
        more = self.lines - self._said
        if more < _FEWER_LINES or not self.active:
            return b""
        now = time.monotonic()
        if more < LINES and now - self._time < _SECONDS:
            return b""
        self._said, self._time = self.lines, now
        return b"slipway: %d lines so far\n" % self.lines

    def leave(self) -> None:
        """After a fork, in the child: its lines are not the parent's."""
        self.lock = threading.RLock()
        self.active = False


class CountedStream(io.RawIOBase):
    """Writes to a descriptor at once. Only one stream says the count: so its place among the lines is the right one."""

    def __init__(self, descriptor: int, count: Count, says: bool) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._count = count
        self._says = says

    def writable(self) -> bool:
        """It is."""
        return True

    def fileno(self) -> int:
        """The descriptor, which children inherit."""
        return self._descriptor

    def isatty(self) -> bool:
        """Whether a person sits there."""
        return os.isatty(self._descriptor)

    def write(self, data: bytes | bytearray | memoryview) -> int:  # type: ignore[override]
        """Write all of it."""
        text = bytes(data)
        count = self._count
        with count.lock:
            self._send(text)
            count.lines += text.count(b"\n")
            if self._says and text.endswith(b"\n"):
                words = count.words()
                if words:
                    self._send(words)
        return len(text)

    def _send(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._descriptor, view) :]


def count_lines() -> None:
    """Replace `sys.stdout` and `sys.stderr`. They write each line at once; what has no end yet waits for a flush."""
    count = Count()
    for name, says in (("stdout", True), ("stderr", False)):
        stream = getattr(sys, name)
        try:
            raw = CountedStream(stream.fileno(), count, says)
        except (AttributeError, OSError, ValueError):
            continue  # there is none
        stream.flush()
        text = io.TextIOWrapper(raw, stream.encoding, stream.errors, line_buffering=True)  # type: ignore[type-var]
        setattr(sys, name, text)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=count.leave)
