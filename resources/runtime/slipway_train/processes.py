"""Ends the kernel with everything that it started, also what left its process group."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

_LINUX = sys.platform.startswith("linux")


def adopt_orphans() -> None:
    """Linux: children of a dead kernel become children of this process, where `end_all` finds them."""
    if _LINUX:
        import ctypes

        ctypes.CDLL(None).prctl(36, 1)  # PR_SET_CHILD_SUBREAPER


def end_all(kernel: int | None, seconds: float = 1.5) -> None:
    """Kill the kernel and all descendants; returns when they are gone, at the latest after `seconds`."""
    if sys.platform == "win32":
        if kernel is not None:
            subprocess.run(["taskkill", "/F", "/T", "/PID", str(kernel)], capture_output=True, check=False)
        return
    deadline = time.monotonic() + seconds
    found = [*_descendants(os.getpid())]
    # Again and again: a child may start another between the listing and its end.
    while found and time.monotonic() < deadline:
        for pid in found:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.005)
        found = [*_descendants(os.getpid())]


def _descendants(pid: int) -> Iterator[int]:
    children: dict[int, list[int]] = {}
    for child, parent in _processes():
        children.setdefault(parent, []).append(child)
    pending = [pid]
    while pending:
        below = children.get(pending.pop(), [])
        yield from below
        pending.extend(below)


def _processes() -> Iterator[tuple[int, int]]:
    """(process, parent), without those that ended and only wait to be collected."""
    if not _LINUX:
        # The listing itself is no descendant worth killing.
        lister = subprocess.Popen(["ps", "-axo", "pid=,ppid=,stat="], stdout=subprocess.PIPE, text=True)
        for line in lister.communicate()[0].splitlines():
            pid, parent, state = line.split()[:3]
            if int(pid) != lister.pid and not state.startswith("Z"):
                yield int(pid), int(parent)
        return
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                # The name in parentheses may hold anything, so what follows the last one counts.
                state, parent = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()[:2]
                if state not in "ZX":
                    yield int(folder.name), int(parent)
