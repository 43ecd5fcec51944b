"""The model's files that survive the supervisor: `state.json` and `releases/<N>.json`."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from .clock import now

Json = dict[str, Any]


def write_atomic(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Replace `path` as a whole: a reader and a crash see the old content or the new one, never a part."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    if sys.platform == "win32":
        return  # Windows has no handle for a folder; the rename is durable with the file system's journal
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def encode(value: Json) -> bytes:
    """JSON as the files hold it: readable, UTF-8, one newline at the end."""
    return (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode("utf-8", "surrogatepass")


class Store:
    """Reads and writes the files of one model's folder. Only the holder of the folder's lock uses it."""

    def __init__(self, folder: Path) -> None:
        self.state_path = folder / "state.json"
        self.releases = folder / "releases"
        self.releases.mkdir(parents=True, exist_ok=True)

    def load(self) -> tuple[Json | None, str | None]:
        """The saved state, and the name under which a corrupt one was kept aside (nothing of it is used)."""
        try:
            state = json.loads(self.state_path.read_bytes())
            if not _plausible(state):
                raise ValueError("not a state of schema 1")
        except FileNotFoundError:
            return None, None
        except (ValueError, RecursionError):
            return None, self._keep_aside()
        return state, None

    def _keep_aside(self) -> str:
        number = 1
        while (aside := self.state_path.with_name(f"state.json.corrupt-{number}")).exists():
            number += 1
        self.state_path.rename(aside)
        return aside.name

    def save(self, state: Json) -> None:
        """Write the state durably. Raises OSError when the disk is full."""
        write_atomic(self.state_path, encode(state))

    def versions(self) -> list[int]:
        """The numbers of the releases on disk, ascending."""
        return sorted(int(path.stem) for path in self.releases.glob("*.json") if path.stem.isdigit())

    def add_release(self, release: Json) -> int:
        """Give a release the next free number and write it, once and for all."""
        number = max(self.versions(), default=0) + 1
        while True:
            path = self.releases / f"{number}.json"
            try:
                handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            except FileExistsError:
                number += 1
                continue
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(encode({**release, "version": number, "createdAt": release.get("createdAt") or now()}))
                    file.flush()
                    os.fsync(file.fileno())
            except OSError:
                path.unlink(missing_ok=True)
                raise
            _sync_folder(self.releases)
            return number

    def release(self, version: int) -> Json | None:
        """A release as it was written; None when there is none that can be read."""
        try:
            value = json.loads((self.releases / f"{version}.json").read_bytes())
        except (OSError, ValueError):
            return None
        return value if isinstance(value, dict) else None


def _plausible(state: Any) -> bool:
    if not isinstance(state, dict) or state.get("schema") != 1:
        return False
    replicas, releases = state.get("replicas"), state.get("releases")
    if not (isinstance(replicas, dict) and isinstance(replicas.get("desired"), int) and isinstance(releases, list)):
        return False
    numbers = (state.get("port"), state.get("release"), state.get("peakRss"))
    entries = all(isinstance(entry, dict) and isinstance(entry.get("version"), int) for entry in releases)
    return entries and all(number is None or isinstance(number, int) for number in numbers)
