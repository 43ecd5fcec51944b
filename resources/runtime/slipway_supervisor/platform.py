"""Where Windows and POSIX differ: lock file, control endpoint, detaching, handing sockets to a worker.

On Windows the control endpoint is a loopback port with a random token, and sockets travel to a worker as
`socket.share` data on its standard input. `SLIPWAY_CONTROL=tcp` chooses that endpoint elsewhere too.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

WINDOWS = sys.platform == "win32"
LONGEST_SOCKET_PATH = 99
"""Bytes. The system's limit is 104 (macOS) to 108 (Linux)."""


def lock_file(handle: int) -> bool:
    """Take the exclusive lock of an open file without waiting; it ends with the process that holds it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def use_tcp() -> bool:
    """Whether the control endpoint is a loopback port with a token."""
    return WINDOWS or os.environ.get("SLIPWAY_CONTROL") == "tcp"


def socket_path(folder: Path) -> Path:
    """Path of the control socket: in the model's folder when short enough, else in a private one."""
    inside = folder / "s"
    if len(os.fsencode(inside)) <= LONGEST_SOCKET_PATH:
        return inside
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    for base in (os.environ.get("XDG_RUNTIME_DIR"), tempfile.gettempdir(), "/tmp"):
        path = Path(base or "/tmp") / f"slipway-{_user()}" / name
        if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH and _private(path.parent):
            return path
    raise OSError("no folder is short and private enough for the control socket; set XDG_RUNTIME_DIR to one")


def _user() -> int:
    return 0 if sys.platform == "win32" else os.getuid()


def _private(folder: Path) -> bool:
    """Make the folder for this user alone; False when it belongs to somebody else or is a link."""
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        info = folder.lstat()
    except OSError:
        return False
    return folder.is_dir() and not folder.is_symlink() and info.st_uid == _user() and info.st_mode & 0o077 == 0


def detach(home: Path) -> int | None:
    """Leave the terminal and the parent (double fork, new session). POSIX only.

    Returns in the launcher: a file descriptor on which the supervisor reports. In the supervisor: None, with
    the report's end as descriptor 3, the standard streams on /dev/null and everything else closed.
    """
    assert sys.platform != "win32"
    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(writing)
        os.waitpid(child, 0)
        return reading
    os.setsid()
    if os.fork():
        os._exit(0)
    os.chdir(home)
    null = os.open(os.devnull, os.O_RDWR)
    for target in (0, 1, 2):
        os.dup2(null, target)
    if writing != 3:
        os.dup2(writing, 3, inheritable=False)
    os.closerange(4, _descriptor_limit())
    return None


def _descriptor_limit() -> int:
    try:
        return max(int(entry.name) for entry in Path("/dev/fd").iterdir()) + 1
    except (OSError, ValueError):
        return 4096


def launch_windows(arguments: list[str], home: Path) -> None:
    """Start the supervisor as a process of its own that outlives the console. Windows only."""
    flags = getattr(subprocess, "DETACHED_PROCESS", 0) | getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
    null = subprocess.DEVNULL
    subprocess.Popen(
        [sys.executable, *arguments],
        cwd=home,
        stdin=null,
        stdout=null,
        stderr=null,
        creationflags=flags,
        close_fds=True,
    )


def on_terminate(loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> None:
    """Call back when the system or a user asks the process to end. A lost terminal is no reason."""
    for number in (signal.SIGTERM, signal.SIGINT):
        try:
            loop.add_signal_handler(number, callback)
        except NotImplementedError:
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(callback))
    if sys.platform != "win32":
        signal.signal(signal.SIGHUP, signal.SIG_IGN)


async def spawn(
    command: Callable[[int, int], list[str]], listener: socket.socket, control: socket.socket, **options: Any
) -> asyncio.subprocess.Process:
    """Start a worker that inherits its listening socket and its end of the control channel.

    `command` is given the two descriptor numbers; -1 means that the sockets come on standard input.
    """
    pipe, null = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    if not WINDOWS:
        handles = (listener.fileno(), control.fileno())
        return await asyncio.create_subprocess_exec(
            *command(*handles),
            stdin=null,
            stdout=pipe,
            stderr=pipe,
            pass_fds=handles,
            start_new_session=True,
            **options,
        )
    process = await asyncio.create_subprocess_exec(*command(-1, -1), stdin=pipe, stdout=pipe, stderr=pipe, **options)
    shares = {"listen": _share(listener, process.pid), "control": _share(control, process.pid)}
    assert process.stdin is not None
    process.stdin.write(json.dumps(shares).encode() + b"\n")
    await process.stdin.drain()
    return process


def _share(sock: Any, pid: int) -> str:
    return base64.b64encode(sock.share(pid)).decode()


def kill_group(pid: int) -> None:
    """Kill a worker and what it started in its process group; fine when they are gone already."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if sys.platform == "win32":
            os.kill(pid, signal.SIGTERM)
        else:
            os.killpg(pid, signal.SIGKILL)
