"""Connections whose requests are answered by the thread that predicts.

A way through the event loop wakes two threads, which takes longer than the server's own work on a small request. So
new connections come here first, as long as predictions are quick. What is no plain request for a prediction moves on
to the event loop with its connection, for good. The loop looks here often enough that nobody waits for a prediction
that is not quick: it takes over the request itself, and the connections on which something came meanwhile.

A connection belongs to this object (`ours`) or to the event loop; `_lock` sees to it that it changes hands once.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import socket
import threading
import time
from typing import Any, Awaitable, Callable, Iterable, Tuple

from . import plainhttp, platform

SLOW_SECONDS = 0.05
"""What takes longer than this is not waited for, ..."""
_LOOK_SECONDS = 0.025
"""... which is looked after this often while there is something to do, ..."""
_QUIET_LOOKS = 40
"""... and for so many times after the last request."""
_PIECE = 1 << 16
_CLOSE = (b"connection", b"close")


class Connection:
    """`received` is what no request was made of yet, `unsent` the rest of an answer, after which it may be `ended`."""

    __slots__ = ("ended", "number", "ours", "received", "sock", "unsent", "used")

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.number = sock.fileno()
        self.ours = True
        self.received = b""
        self.unsent = b""
        self.ended = False
        self.used = 0.0


PassOn = Callable[[Connection], None]
Defaults = Callable[[], Iterable[Tuple[bytes, bytes]]]


class Front:
    """`pass_on` gets the connections that leave, `defaults` gives the headers of every answer."""

    def __init__(self, direct: Any, pass_on: PassOn, defaults: Defaults) -> None:
        self._direct = direct
        self._pass_on = pass_on
        self._defaults = defaults
        self._loop = asyncio.get_running_loop()
        self._reader = plainhttp.Reader()
        self._lock = threading.Lock()
        self._connections: dict[int, Connection] = {}
        self._current: Connection | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False
        self._watching = False
        self._quiet = 0
        self._poll = select.epoll()
        self._woken, self._waker = os.pipe()
        os.set_blocking(self._waker, False)
        self._poll.register(self._woken, select.EPOLLIN)

    @property
    def busy(self) -> bool:
        """Whether there are connections here."""
        return bool(self._connections)

    def open(self) -> bool:
        """Borrows the thread that predicts; False where there are several."""
        return bool(self._direct.pool.lend(self._wait, self._wake))

    def add(self, sock: socket.socket) -> bool:
        """Takes a new connection; False where predictions take long."""
        if self._closed or not self._direct.pool.is_quick(SLOW_SECONDS):
            return False
        self._direct.pool.start()
        self._poll.register(sock, select.EPOLLIN)
        self._connections[sock.fileno()] = Connection(sock)
        return True

    def end_idle(self, seconds: float) -> None:
        """Closes connections that were answered and then not used for so long."""
        limit = time.monotonic() - seconds
        for connection in list(self._connections.values()):
            idle = 0 < connection.used < limit and not platform.bytes_waiting(connection.number)
            if idle and self._pull(connection):
                del self._connections[connection.number]
                connection.sock.close()

    def close(self) -> None:
        """Passes on what is here, but for a connection that is being read this moment: call it until none is left."""
        self._closed = True
        self._take(0)
        for connection in list(self._connections.values()):
            if self._pull(connection):
                self._leave(connection)

    # The thread that predicts

    def _wait(self, block: bool) -> None:
        """Answers what has come; returns after `_wake`, or else when it likes."""
        pool = self._direct.pool
        ready = [number for number, _ in self._poll.poll(-1 if block else 0)]
        if self._woken in ready:
            ready.remove(self._woken)
            os.read(self._woken, _PIECE)
        room = max(0, pool.room)
        for number in ready[room:]:
            self._pass(self._connections.get(number))  # on to where it is told that the model is busy
        del ready[room:]
        while ready:
            pool.ahead = len(ready)
            self._serve(ready.pop(0))
        pool.ahead = 0

    def _serve(self, number: int) -> None:
        with self._lock:
            connection = self._connections.get(number)
            if connection is None or not connection.ours:
                return
            self._current = connection
        try:
            self._read(connection)
        finally:
            self._current = None

    def _read(self, connection: Connection) -> None:
        started = time.perf_counter()
        try:
            data = connection.sock.recv(_PIECE)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        connection.received += data
        head = self._reader.read(connection.received) if data else None
        if head is None or self._closed:
            self._pass(connection)
        elif isinstance(head, plainhttp.Head) and len(connection.received) >= head.total:
            self._answer(connection, head, started)

    def _answer(self, connection: Connection, head: plainhttp.Head, started: float) -> None:
        route = self._direct.find(head.scope)
        if route is None or len(connection.received) > head.total:
            self._pass(connection)
            return
        self._watch_soon()
        body, connection.received = connection.received[head.end :], b""
        answer = self._direct.run(route, body, head.headers, (connection, route, head.scope, started))
        if answer is None:
            return  # the event loop has it
        sent = self._sent(connection, self._bytes(answer))
        self._direct.done(route, head.scope, answer.status, time.perf_counter() - started)
        if not sent:
            self._pass(connection)

    def _pass(self, connection: Connection | None) -> None:
        self._current = None
        if connection is not None and self._pull(connection):
            self._soon(self._leave, connection)

    # Both threads

    def _pull(self, connection: Connection) -> bool:
        """Takes a connection out of here, where nobody else has done or is reading it."""
        with self._lock:
            if not connection.ours or connection is self._current:
                return False
            connection.ours = False
        self._poll.unregister(connection.number)
        return True

    def _sent(self, connection: Connection, data: bytes) -> bool:
        """Whether all of it could be sent at once."""
        try:
            sent = connection.sock.send(data)
        except OSError:
            sent = 0
        connection.unsent = data[sent:]
        connection.used = time.monotonic()
        return not connection.unsent

    def _bytes(self, answer: Any, *more: tuple[bytes, bytes]) -> bytes:
        return plainhttp.answer(answer.status, [*self._defaults(), *answer.headers, *more], answer.body)

    def _watch_soon(self) -> None:
        with self._lock:
            self._quiet = 0
            if self._watching:
                return
            self._watching = True
        self._soon(self._watch)

    def _wake(self) -> None:
        self._watch_soon()
        with contextlib.suppress(BlockingIOError):  # full of what was not read yet
            os.write(self._waker, b"\0")

    def _soon(self, function: Callable[..., None], *arguments: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(function, *arguments)

    # The event loop

    def _watch(self) -> None:
        pool = self._direct.pool
        try:
            self._direct.flush()
            if pool.busy_for(SLOW_SECONDS):
                self._relieve()
        finally:
            with self._lock:
                self._quiet += 1
                self._watching = again = self._quiet < _QUIET_LOOKS or pool.busy_for(0)
            if again:
                self._loop.call_later(_LOOK_SECONDS, self._watch)

    def _relieve(self) -> None:
        """While the thread is busy, what comes here is the event loop's."""
        self._take(SLOW_SECONDS)
        for number, _ in self._poll.poll(0):
            connection = self._connections.get(number)
            if connection is not None and self._pull(connection):
                self._leave(connection)

    def _take(self, seconds: float) -> None:
        taken = self._direct.take(seconds)
        if taken is not None:
            owner, answer = taken
            self._direct.pool.ahead = 0  # it is the event loop's now, and so is what waits behind it
            self._drop(owner[0])
            task = self._loop.create_task(self._finish(answer, *owner))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _drop(self, connection: Connection) -> None:
        """The thread will not touch this connection any more, though it may not have come back from it."""
        with self._lock:
            connection.ours = False
            if self._current is connection:
                self._current = None
        self._poll.unregister(connection.number)

    async def _finish(
        self, result: Awaitable[Any], connection: Connection, route: Any, scope: Any, began: float
    ) -> None:
        answer = await result
        connection.ended = self._direct.find(scope) is None  # it drains
        if self._sent(connection, self._bytes(answer, *([_CLOSE] if connection.ended else ()))):
            connection.ours = not connection.ended
        self._direct.done(route, scope, answer.status, time.perf_counter() - began)
        self._direct.flush()
        if connection.ours:
            self._poll.register(connection.number, select.EPOLLIN)
        else:
            self._leave(connection)

    def _leave(self, connection: Connection) -> None:
        del self._connections[connection.number]
        self._pass_on(connection)
