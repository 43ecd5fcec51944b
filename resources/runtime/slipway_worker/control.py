"""The worker's end of the control channel: events out, operations in, JSON lines."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from typing import Any, Dict

from . import platform

Json = Dict[str, Any]


class ControlChannel:
    """Talks to the supervisor from a thread of its own, so that loading a model does not make it deaf.

    When the channel ends the supervisor is dead, and so is this process.
    """

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(True)
        self._socket = sock
        self._sending = threading.Lock()
        self._waiting: list[Json] = []
        self._handler: Callable[[Json], None] | None = None
        self._handing = threading.Condition()
        threading.Thread(target=self._listen, name="slipway-control", daemon=True).start()

    def send(self, event: str, **details: Any) -> None:
        """Tell the supervisor something. A supervisor that is gone is noticed by the reading side."""
        line = json.dumps({"event": event, **details}).encode() + b"\n"
        try:
            with self._sending:
                self._socket.sendall(line)
        except OSError:
            pass

    def handle(self, handler: Callable[[Json], None]) -> None:
        """From now on give operations to `handler`, in the channel's thread; earlier ones at once."""
        with self._handing:
            self._handler = handler
            waiting, self._waiting = self._waiting, []
            for operation in waiting:
                handler(operation)

    def next(self) -> Json:
        """Wait for an operation; only before `handle`."""
        with self._handing:
            self._handing.wait_for(lambda: bool(self._waiting))
            return self._waiting.pop(0)

    def _listen(self) -> None:
        try:
            for line in self._socket.makefile("rb"):
                self._hand(json.loads(line))
        except (OSError, ValueError):
            pass
        platform.leave_at_once()

    def _hand(self, operation: Json) -> None:
        with self._handing:
            if self._handler is None:
                self._waiting.append(operation)
                self._handing.notify()
            else:
                self._handler(operation)
