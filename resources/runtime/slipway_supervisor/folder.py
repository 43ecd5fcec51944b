"""The model's folder: who may write it, where its supervisor listens, and how it goes away."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import time
from pathlib import Path
from typing import Any

from . import PROTOCOL, platform
from .errors import OperationError

Json = dict[str, Any]
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
_PROBE_SECONDS = 2.0
_LOCK_SECONDS = 15.0


def model_folder(home: Path, name: str) -> Path:
    """HOME/models/NAME. Raises OperationError when the name is not one."""
    if not _NAME.fullmatch(name):
        raise OperationError("BadName", f"{name!r} is not a model's name: use letters, digits and hyphens.")
    return home.resolve() / "models" / name


class FolderLock:
    """The right to write the folder, for as long as the process lives. `handle` keeps it."""

    def __init__(self, folder: Path, handle: int) -> None:
        self.folder = folder
        self._path = folder / "supervisor.lock"
        self._handle = handle

    @classmethod
    def take(cls, folder: Path) -> FolderLock | None:
        """The lock, or None while another process has it."""
        folder.mkdir(parents=True, exist_ok=True)
        try:
            handle = os.open(folder / "supervisor.lock", os.O_RDWR | os.O_CREAT, 0o600)
        except FileNotFoundError:
            return None  # removed between the two lines
        lock = cls(folder, handle)
        if platform.lock_file(handle) and lock.valid():
            return lock
        os.close(handle)
        return None

    def valid(self) -> bool:
        """False when the folder was removed meanwhile: a lock on a deleted file protects nothing."""
        try:
            return os.path.samestat(os.fstat(self._handle), self._path.stat())
        except OSError:
            return False

    def remove_folder(self) -> None:
        """Delete the folder as a whole; a new supervisor may make it again at once."""
        gone = self.folder.with_name(f".{self.folder.name}.removed-{os.getpid()}")
        if platform.WINDOWS:
            os.close(self._handle)  # an open file cannot be deleted there
        try:
            self.folder.rename(gone)
        except OSError:
            gone = self.folder
        shutil.rmtree(gone, ignore_errors=True)


def take_or_find(folder: Path) -> FolderLock | None:
    """The folder's lock, or None when a living supervisor has it. Raises OperationError SupervisorStuck."""
    deadline = time.monotonic() + _LOCK_SECONDS
    while time.monotonic() < deadline:
        lock = FolderLock.take(folder)
        if lock is not None:
            return lock
        if answers(folder):
            return None
        time.sleep(0.05)  # one is starting or ending just now
    raise OperationError(
        "SupervisorStuck",
        f"A supervisor holds {folder} but does not answer. End that process, then try again.",
    )


def answers(folder: Path) -> bool:
    """Whether the supervisor that supervisor.json names answers `hello`. A refusal is an answer too."""
    try:
        about = json.loads((folder / "supervisor.json").read_bytes())
        with _connect(str(about["control"])) as sock:
            hello = {
                "id": 0,
                "op": "hello",
                "protocol": PROTOCOL,
                "client": {"pid": os.getpid(), "program": "supervisor"},
            }
            sock.sendall(json.dumps({**hello, "token": about.get("token")}).encode() + b"\n")
            return b'"ok"' in sock.makefile("rb").readline()
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _connect(control: str) -> socket.socket:
    kind, _, address = control.partition(":")
    if kind == "unix":
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.settimeout(_PROBE_SECONDS)
        try:
            sock.connect(address)
        except OSError:
            sock.close()
            raise
        return sock
    host, _, port = address.rpartition(":")
    return socket.create_connection((host, int(port)), _PROBE_SECONDS)
