"""The key that requests must bring (RFC 6750: `Authorization: Bearer KEY`), where one is configured."""

from __future__ import annotations

import hashlib
import hmac
import os
import time
from pathlib import Path
from typing import Any

from .errors import HttpError, ModelLoadError

_FILE = "SLIPWAY_API_KEY_FILE"
_VALUE = "SLIPWAY_API_KEY"
_LOOK_SECONDS = 1.0
_OPEN = frozenset({"/v2/health/live", "/v2/health/ready", "/metrics"})


class Key:
    """Without a key everybody may ask. One in a file is read again when the file has changed."""

    def __init__(self, value: str | None = None, file: Path | None = None) -> None:
        self._file = file
        self._mark: tuple[int, int] | None = None
        self._looked = 0.0
        self._digest = None if value is None else _digest(value.strip().encode())

    @classmethod
    def from_environment(cls) -> Key:
        """The value is taken out of the environment, so that nothing the model starts has it. ModelLoadError when
        a key is configured and there is none."""
        value = os.environ.pop(_VALUE, None)
        file = os.environ.get(_FILE)
        key = cls(value, Path(file) if file else None)
        if file:
            key._read()
        if key._digest == _digest(b"") or (file and key._digest is None):
            raise ModelLoadError("KeyMissing", f"The key in {file or _VALUE} is empty or cannot be read.")
        return key

    def check(self, scope: Any) -> None:
        """HttpError 401 for a request without the key. Health and metrics are open to the cluster that runs the model,
        and what browsers ask before a request (OPTIONS) never brings a key."""
        if self._digest is None or scope["path"] in _OPEN or scope.get("method") == "OPTIONS":
            return
        if not hmac.compare_digest(_digest(_bearer(scope["headers"])), self._current()):
            message = "This model needs its key. Send it in the header Authorization: Bearer KEY"
            raise HttpError(401, message, ((b"www-authenticate", b"Bearer"),))

    def _current(self) -> bytes:
        now = time.monotonic()
        if self._file is not None and now - self._looked >= _LOOK_SECONDS:
            self._looked = now
            self._read()
        return self._digest or b""

    def _read(self) -> None:
        """While the file is away or empty the last key counts on: nobody is let in by that."""
        assert self._file is not None
        try:
            found = self._file.stat()
            mark = (found.st_mtime_ns, found.st_ino)
            if mark == self._mark:
                return
            value = self._file.read_bytes().strip()
        except OSError:
            return
        if value:
            self._mark, self._digest = mark, _digest(value)


def _bearer(headers: Any) -> bytes:
    for name, value in headers:
        if name == b"authorization":
            scheme, _, key = value.partition(b" ")
            return bytes(key.strip()) if scheme.lower() == b"bearer" else b""
    return b""


def _digest(value: bytes) -> bytes:
    """Equally long whatever the key is, so that the comparison tells nothing of it."""
    return hashlib.sha256(value).digest()
