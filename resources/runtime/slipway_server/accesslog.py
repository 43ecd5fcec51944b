"""Access log and tracebacks of requests, capped so that load does not turn into log volume."""

from __future__ import annotations

import asyncio
import sys
import threading
import time

LINES_PER_SECOND = 20


class AccessLog:
    """One line a request on stdout, `METHOD path status ms`, at most LINES_PER_SECOND; then one line says how many
    more there were. Lines are written together, at most every quarter of a second."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._more = 0
        self._left = LINES_PER_SECOND
        self._second = 0
        self._flush: asyncio.TimerHandle | None = None

    def add(self, method: str, path: str, status: int, seconds: float) -> None:
        """Notes one answered request; event loop only."""
        second = int(time.monotonic())
        if second != self._second:
            self._roll(second)
        if self._left:
            self._left -= 1
            self._lines.append(f"{method} {_printable(path)} {status} {seconds * 1000:.1f}ms")
        else:
            self._more += 1
        if self._flush is None:
            self._flush = asyncio.get_running_loop().call_later(0.25, self._on_timer)

    def close(self) -> None:
        """Writes what is left."""
        if self._flush is not None:
            self._flush.cancel()
            self._flush = None
        self._roll(0)
        self._write()

    def _roll(self, second: int) -> None:
        if self._more:
            self._lines.append(f"… {self._more} more requests in the last second")
        self._more, self._left, self._second = 0, LINES_PER_SECOND, second

    def _on_timer(self) -> None:
        self._flush = None
        if int(time.monotonic()) != self._second:
            self._roll(int(time.monotonic()))
        self._write()
        if self._more:
            self._flush = asyncio.get_running_loop().call_later(0.25, self._on_timer)

    def _write(self) -> None:
        if self._lines:
            text = "\n".join(self._lines) + "\n"
            self._lines = []
            write(sys.stdout, text)


class ErrorLog:
    """Tracebacks on stderr, at most LINES_PER_SECOND tracebacks each second."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._second = 0
        self._count = 0

    def add(self, text: str) -> None:
        """Writes one traceback; any thread."""
        second = int(time.monotonic())
        with self._lock:
            if second != self._second:
                skipped = self._count - LINES_PER_SECOND
                if skipped > 0:
                    write(sys.stderr, f"… {skipped} more errors before this one\n")
                self._second, self._count = second, 0
            self._count += 1
            if self._count <= LINES_PER_SECOND:
                write(sys.stderr, text)


def write(stream: object, text: str) -> None:
    """Writes and flushes; a closed or non-UTF-8 stream costs the text, never the request."""
    try:
        stream.write(text)  # type: ignore[attr-defined]
        stream.flush()  # type: ignore[attr-defined]
    except UnicodeEncodeError:
        stream.write(text.encode("ascii", "backslashreplace").decode())  # type: ignore[attr-defined]
    except (OSError, ValueError, AttributeError):
        return


def _printable(path: str) -> str:
    return path if path.isprintable() and len(path) <= 200 else ascii(path[:200])
