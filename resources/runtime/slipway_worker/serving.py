"""uvicorn's protocols on a listening socket that several processes share, with an end that loses no request.

uvicorn's own server closes idle connections when it is told to stop, in the very moment in which a client may
send, and accepts as many connections as there are. Here each event accepts one, so that workers share them,
and a drain leaves every connection open for one more request, which is answered with `Connection: close`.
"""

from __future__ import annotations

import asyncio
import errno
import importlib
import inspect
import select
import socket
import time
from collections.abc import Callable
from email.utils import formatdate
from functools import partial
from typing import Any

from . import platform
from .front import Connection, Front

KEEP_ALIVE_SECONDS = 75
_BACKLOG = 2048
_FULL = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
_GONE = {errno.ECONNABORTED, errno.EINTR, errno.EAGAIN, errno.EWOULDBLOCK, errno.EPROTO}
_RETRY_SECONDS = 0.1
_LOOK_SECONDS = 0.02


class StartupFailed(Exception):  # noqa: N818 (the name of the event)
    """The application refused to start (ASGI lifespan)."""


class Serving:
    """Serves an ASGI application. Order: `start`, `accept`, then `drain` once."""

    def __init__(self, app: Any, sock: socket.socket) -> None:
        uvicorn: Any = importlib.import_module("uvicorn")
        server: Any = importlib.import_module("uvicorn.server")
        self._socket = sock
        self._app = app
        self._config: Any = uvicorn.Config(
            app, loop="none", interface="asgi3", log_config=None, access_log=False, proxy_headers=False,
            server_header=False, timeout_keep_alive=KEEP_ALIVE_SECONDS,
        )  # fmt: skip
        self._config.load()
        self._state: Any = server.ServerState()
        self._lifespan: Any = self._config.lifespan_class(self._config)
        self._factory: Callable[[], asyncio.Protocol] = lambda: asyncio.Protocol()
        self._opening: set[asyncio.Task[None]] = set()
        self._ended: set[int] = set()
        self._dates: asyncio.Task[None] | None = None
        self._accepting = False
        self._front: Front | None = None

    async def start(self) -> None:
        """Start the application. Raises StartupFailed."""
        await self._lifespan.startup()
        if self._lifespan.should_exit:
            raise StartupFailed("The application's startup failed. Its messages stand in the log.")
        protocol = self._config.http_protocol_class
        arguments = {"config": self._config, "server_state": self._state}
        if "app_state" in inspect.signature(protocol).parameters:  # uvicorn 0.22 and newer
            arguments["app_state"] = self._lifespan.state
        self._factory = partial(protocol, **arguments)
        self._dates = asyncio.create_task(self._keep_date())
        direct = getattr(self._app, "direct", None)
        if direct is not None and hasattr(select, "epoll"):
            front = Front(direct, self._take, lambda: self._state.default_headers)
            self._front = front if front.open() else None

    async def _keep_date(self) -> None:
        while True:
            date = (b"date", formatdate(time.time(), usegmt=True).encode())
            self._state.default_headers = [date, *self._config.encoded_headers]
            if self._front is not None:
                self._front.end_idle(KEEP_ALIVE_SECONDS)
            await asyncio.sleep(1)

    def accept(self) -> None:
        """Listen and begin to accept connections."""
        self._socket.setblocking(False)
        self._socket.listen(_BACKLOG)
        self._accepting = True
        asyncio.get_running_loop().add_reader(self._socket, self._accept)

    def _accept(self) -> None:
        try:
            connection, _ = self._socket.accept()
        except OSError as error:
            if error.errno not in _GONE:
                self._pause(error)
            return
        connection.setblocking(False)
        try:
            if connection.family in (socket.AF_INET, socket.AF_INET6):
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._front is None or not self._front.add(connection):
                self._take(Connection(connection))
        except OSError:
            connection.close()  # the client is gone already

    def _take(self, connection: Connection) -> None:
        """A connection for uvicorn."""
        task = asyncio.get_running_loop().create_task(self._open(connection))
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    def _pause(self, error: OSError) -> None:
        """Out of descriptors or memory: try again soon. Else the socket does not listen any more."""
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._socket)
        if error.errno in _FULL:
            loop.call_later(_RETRY_SECONDS, self._resume)

    def _resume(self) -> None:
        if self._accepting:
            asyncio.get_running_loop().add_reader(self._socket, self._accept)

    async def _open(self, connection: Connection) -> None:
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                partial(self._protocol, connection), connection.sock
            )
        except OSError:
            connection.sock.close()  # the client is gone already

    def _protocol(self, connection: Connection) -> asyncio.Protocol:
        """uvicorn's, which begins where the connection was left."""
        protocol: Any = self._factory()
        made = protocol.connection_made

        def connection_made(transport: Any) -> None:
            made(transport)
            if connection.unsent:
                transport.write(connection.unsent)
            if connection.ended:
                transport.close()
            elif connection.received:
                protocol.data_received(connection.received)

        protocol.connection_made = connection_made
        return protocol  # type: ignore[no-any-return]

    def refuse(self) -> None:
        """Accept no more connections; those that were accepted are served."""
        if self._accepting:
            self._accepting = False
            asyncio.get_running_loop().remove_reader(self._socket)

    async def drain(self, idle_seconds: float) -> None:
        """Return when every connection has ended.

        An accepted connection is answered once more, with `Connection: close`; one on which nothing came for
        `idle_seconds` is closed. A request that is being answered is always answered to the end.
        """
        self.refuse()
        self._app.start_draining()
        loop = asyncio.get_running_loop()
        deadline = loop.time() + idle_seconds
        while self._pass_on() or self._opening or self._state.connections or self._state.tasks:
            if loop.time() >= deadline:
                self._close_idle()
            await asyncio.sleep(_LOOK_SECONDS)
        await self._lifespan.shutdown()
        if self._dates is not None:
            self._dates.cancel()

    def _pass_on(self) -> bool:
        """Whether connections are left where they are not drained."""
        if self._front is None:
            return False
        self._front.close()
        return self._front.busy

    def _close_idle(self) -> None:
        for connection in list(self._state.connections):
            # A request may have arrived that the event loop has not read yet: then it is not idle.
            if id(connection) not in self._ended and not _unread(connection):
                self._ended.add(id(connection))
                connection.shutdown()  # closes it when idle, else after its response


def _unread(connection: Any) -> bool:
    transport = getattr(connection, "transport", None)
    sock = transport.get_extra_info("socket") if transport is not None else None
    return sock is not None and sock.fileno() >= 0 and platform.bytes_waiting(sock.fileno()) > 0
