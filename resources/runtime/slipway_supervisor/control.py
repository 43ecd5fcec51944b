"""The control socket: JSON lines, one request a line, any number of clients, one holder of the lock.

A request `{"id":1,"op":"status"}` is answered by `{"id":1,"ok":true,"result":…}` or
`{"id":1,"ok":false,"error":{"code","message",…}}`; events carry no id. The first request is `hello`.
Operations that change the model need the lock, which is taken for the operation; `acquire` keeps it until `release` or
until the connection ends. Who finds it taken waits a second before the request is refused.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
import os
from collections.abc import Awaitable, Callable
from typing import Any

from . import PROTOCOL
from .clock import now
from .errors import OperationError

Json = dict[str, Any]
Report = Callable[[str, str], None]
Operation = Callable[[Json, Report], Awaitable[Json]]
LONGEST_REQUEST = 4 * 1024 * 1024
_HELLO_SECONDS = 10.0
_WATCH_INTERVAL = 0.1
_LOCK_PATIENCE = 1.0
"""How long a request waits for the lock: an operation whose result is seen already may not have given it back yet."""
_LOCK_POLL = 0.02
_UNREAD_LIMIT = 8 * 1024 * 1024


class Control:
    """All connections of one supervisor. `released` is called when nobody holds the lock any more."""

    def __init__(
        self,
        operations: dict[str, Operation],
        state: Callable[[], Json],
        cancel: Callable[[], None],
        released: Callable[[], None],
    ) -> None:
        self.operations = operations
        self.state = state
        self.cancel = cancel
        self.released = released
        self.token: str | None = None
        self.connections: set[Connection] = set()
        self.holder: Connection | None = None
        self.ended = False
        self.turn = asyncio.Lock()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until it ends."""
        connection = Connection(self, reader, writer)
        try:
            await connection.run()
        finally:
            self.connections.discard(connection)

    def changed(self) -> None:
        """Tell every watcher; each reads the state at most ten times a second."""
        for connection in self.connections:
            connection.state_changed.set()


class Connection:
    """One client, from `hello` to the end of its connection."""

    def __init__(self, control: Control, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._control = control
        self._reader = reader
        self._writer = writer
        self._client: Json = {}
        self._purpose: Json | None = None
        self._operating = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._watching: asyncio.Task[None] | None = None
        self.state_changed = asyncio.Event()

    async def run(self) -> None:
        """Answer requests until the client leaves; then give back what it held."""
        try:
            if await self._greet():
                self._control.connections.add(self)
                while (request := await self._next()) is not None:
                    task = asyncio.create_task(self._answer(request))
                    self._tasks.add(task)
                    task.add_done_callback(self._tasks.discard)
        finally:
            await self._leave()

    async def _leave(self) -> None:
        if self._operating:
            self._control.cancel()  # a client that goes away has changed its mind, unless it is too late
        if self._watching is not None:
            self._watching.cancel()
        await asyncio.gather(*self._tasks)
        self._release()
        self._writer.close()

    async def _greet(self) -> bool:
        try:
            request = await asyncio.wait_for(self._next(), _HELLO_SECONDS)
        except asyncio.TimeoutError:
            return False
        if request is None:
            return False
        try:
            self._check_hello(request)
        except OperationError as error:
            self._refuse(request, error)
            return False
        client = request.get("client")
        self._client = client if isinstance(client, dict) else {}
        self._send({"id": request.get("id"), "ok": True, "result": {"protocol": PROTOCOL, "pid": os.getpid()}})
        return True

    def _check_hello(self, request: Json) -> None:
        if request.get("op") != "hello":
            raise OperationError("BadRequest", "The first request must be hello.")
        if request.get("protocol", PROTOCOL) != PROTOCOL:
            advice = "Use the version of Slipway that started it, or end it."
            message = f"This supervisor speaks protocol {PROTOCOL}. {advice}"
            raise OperationError("ProtocolMismatch", message, protocol=PROTOCOL)
        token = self._control.token
        if token is not None and not hmac.compare_digest(str(request.get("token")).encode(), token.encode()):
            raise OperationError("NotAllowed", "The token is wrong. It stands in the model's supervisor.json.")

    async def _next(self) -> Json | None:
        """The next request; None when the connection has ended or carries something else than requests."""
        try:
            line = await self._reader.readline()
            if not line:
                return None
            request = json.loads(line)
            if not isinstance(request, dict):
                raise ValueError("not an object")
        except OSError:
            return None
        except (ValueError, RecursionError):  # also a line over the limit
            self._refuse({}, OperationError("BadRequest", "A request is one JSON object on one line."))
            return None
        return request

    async def _answer(self, request: Json) -> None:
        try:
            result = await self._dispatch(request)
        except OperationError as error:
            self._refuse(request, error)
        except Exception as error:
            asyncio.get_running_loop().call_exception_handler({"message": "an operation failed", "exception": error})
            self._refuse(request, OperationError("Internal", f"{type(error).__name__}: {error}"))
        else:
            self._send({"id": request.get("id"), "ok": True, "result": result})
            if request.get("op") == "watch":
                self._watch()
        with contextlib.suppress(OSError):
            await self._writer.drain()

    async def _dispatch(self, request: Json) -> Json:
        op = request.get("op")
        if op in ("status", "watch"):
            return self._control.state() if op == "status" else {}
        if op == "acquire":
            await self._acquire(str(request.get("purpose") or "deploy"))
            return {}
        if op == "release":
            self._release()
            return {}
        operation = self._control.operations.get(str(op))
        if operation is None:
            raise OperationError("BadRequest", f"There is no operation {op!r}.")
        return await self._change(str(op), operation, request)

    async def _change(self, op: str, operation: Operation, request: Json) -> Json:
        implicit = self._control.holder is not self
        if implicit:
            await self._acquire(op)
        self._operating = True
        try:
            async with self._control.turn:
                return await operation(request, self._report)
        finally:
            self._operating = False
            if implicit:
                self._release()

    async def _acquire(self, purpose: str) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _LOCK_PATIENCE
        while self._control.holder not in (None, self) and loop.time() < deadline:
            await asyncio.sleep(_LOCK_POLL)
        if self._control.ended:
            raise OperationError("SupervisorUnreachable", "The model was removed just now. Try again.")
        holder = self._control.holder
        if holder is not None and holder is not self:
            facts = {
                **{key: holder._client.get(key) for key in ("pid", "program")},
                **(holder._purpose or {}),
            }
            raise OperationError(
                "DeployInProgress",
                f"{facts['program'] or 'Another program'} (process {facts['pid']}) is at work on this model: "
                f"{facts.get('purpose')}, since {facts.get('since')}. "
                "Wait until it is done, or cancel it there.",
                holder=facts,
            )
        self._control.holder = self
        self._purpose = {"purpose": purpose, "since": now()}

    def _release(self) -> None:
        if self._control.holder is self:
            self._control.holder = None
            self._control.released()

    def _report(self, step: str, message: str) -> None:
        self._send({"event": "rollout", "step": step, "message": message})

    def _watch(self) -> None:
        if self._watching is None:
            self._watching = asyncio.create_task(self._push_states())

    async def _push_states(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                self.state_changed.clear()
                self._send({"event": "state", "state": self._control.state()})
                await self._writer.drain()  # a slow watcher skips states, it does not collect them
                await asyncio.sleep(_WATCH_INTERVAL)
                await self.state_changed.wait()

    def _refuse(self, request: Json, error: OperationError) -> None:
        self._send({"id": request.get("id"), "ok": False, "error": error.to_json()})

    def _send(self, message: Json) -> None:
        transport = self._writer.transport
        if transport.is_closing():
            return
        if transport.get_write_buffer_size() > _UNREAD_LIMIT:
            transport.abort()  # the client asks without ever reading the answers
            return
        self._writer.write(json.dumps(message, ensure_ascii=False).encode("utf-8", "replace") + b"\n")
