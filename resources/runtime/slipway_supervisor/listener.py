"""The model's listening socket: chosen once, kept by the supervisor, refusing while nothing serves."""

from __future__ import annotations

import errno
import socket
import sys
import time

from .errors import OperationError

HOST = "127.0.0.1"


class Listener:
    """A bound socket on loopback. Workers that inherit it make it listen when they are ready to accept."""

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self.port: int = sock.getsockname()[1]

    def allow(self) -> None:
        """Let workers listen: called before they are told to accept."""
        # With SO_REUSEADDR, connections in TIME_WAIT do not stand in the way of listening again.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)

    def refuse(self) -> None:
        """Stop listening but keep the port: clients are refused, other programs cannot have it."""
        if sys.platform == "linux":
            # shutdown() takes a listening socket back to "bound"; without SO_REUSEADDR nobody can bind beside
            # it, provided it has listened once since it was bound.
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.socket.listen(1)
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
            self.socket.shutdown(socket.SHUT_RD)
            return
        self.socket.close()
        self.socket = _bind(self.port)

    def close(self) -> None:
        """Give the port back."""
        self.socket.close()


def reserve(port: int | None, patience: float = 0.0) -> Listener:
    """Bind `port`, or a free one. Raises PortTaken. `patience`: seconds to wait for a former user."""
    deadline = time.monotonic() + patience
    while True:
        try:
            listener = Listener(_bind(port or _free_port()))
            listener.refuse()
            return listener
        except OSError as error:
            if port is None and error.errno == errno.EADDRINUSE and time.monotonic() < deadline + 1:
                continue
            if time.monotonic() >= deadline or error.errno != errno.EADDRINUSE:
                raise _taken(port, error) from error
        time.sleep(0.05)


def _bind(port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if sys.platform != "win32":  # there the option would allow two programs on one port
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((HOST, port))
    except BaseException:
        sock.close()
        raise
    return sock


def _free_port() -> int:
    # The port is bound again by number: only then Linux keeps it when the socket stops listening.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((HOST, 0))
        number: int = probe.getsockname()[1]
        return number


def _taken(port: int | None, error: OSError) -> OperationError:
    if error.errno == errno.EADDRINUSE:
        return OperationError(
            "PortTaken",
            f"Port {port} on {HOST} is used by another program. Stop that program, "
            "or deploy with --port and the number of a free port.",
            port=port,
        )
    return OperationError(
        "PortTaken",
        f"Port {port} on {HOST} cannot be used: {error.strerror}. Deploy with --port and the number of another port.",
        port=port,
    )
