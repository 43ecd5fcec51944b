"""Where Windows and POSIX differ: inherited sockets, dying with the parent, memory, bytes that wait."""

from __future__ import annotations

import base64
import contextlib
import ctypes
import json
import os
import re
import signal
import socket
import struct
import sys
import time
from typing import Any

_PR_SET_PDEATHSIG = 1
_LOADED = time.monotonic()


def inherited(listen_fd: int | None, control_fd: int | None) -> tuple[socket.socket | None, socket.socket | None]:
    """The listening socket and the control channel that the supervisor handed over."""
    if listen_fd == -1 or control_fd == -1:
        shared: dict[str, str] = json.loads(sys.stdin.readline())
        return _from_share(shared["listen"]), _from_share(shared["control"])
    return _adopt(listen_fd), _adopt(control_fd)


def _adopt(descriptor: int | None) -> socket.socket | None:
    if descriptor is None:
        return None
    sock = socket.socket(fileno=descriptor)
    sock.set_inheritable(False)  # a child of the user's code must not keep the port
    return sock


def _from_share(data: str) -> socket.socket:
    module: Any = socket  # fromshare exists on Windows only
    sock: socket.socket = module.fromshare(base64.b64decode(data))
    return sock


def die_with_parent() -> None:
    """Linux: be killed when the supervisor dies, even while native code keeps Python from noticing."""
    if sys.platform != "linux":
        return
    with contextlib.suppress(OSError, AttributeError):  # the control channel's end is the first net
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def leave_at_once() -> None:
    """End this process and its children without any clean-up."""
    if sys.platform != "win32" and os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def memory() -> tuple[int, int]:
    """Resident bytes now and at most."""
    if sys.platform == "linux":
        with open("/proc/self/status", encoding="ascii", errors="replace") as file:
            found = dict(re.findall(r"^(VmRSS|VmHWM):\s+(\d+) kB$", file.read(), re.MULTILINE))
        return int(found.get("VmRSS", 0)) * 1024, int(found.get("VmHWM", 0)) * 1024
    if sys.platform == "win32":
        return 0, 0
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes on macOS
    return peak, peak


def age() -> float:
    """Seconds since this process was made; where the system does not tell, since this module was loaded."""
    with contextlib.suppress(OSError, ValueError, IndexError, AttributeError):
        with open("/proc/self/stat", encoding="ascii", errors="replace") as file:
            # proc_pid_stat(5): the name, in parentheses, may hold spaces; `starttime` is the 22nd field.
            ticks = int(file.read().rpartition(")")[2].split()[19])
        module: Any = time  # CLOCK_BOOTTIME exists on Linux only
        seconds: float = module.clock_gettime(module.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
        if ticks > 0 and seconds >= 0:
            return seconds
    return time.monotonic() - _LOADED


def bytes_waiting(descriptor: int) -> int:
    """How many received bytes of a socket nobody has read yet."""
    if sys.platform == "win32":
        return 0
    import fcntl
    import termios

    try:
        answer = fcntl.ioctl(descriptor, termios.FIONREAD, b"\0" * 4)
    except OSError:
        return 0
    count: int = struct.unpack("i", answer)[0]
    return count
