"""The supervisor's life: takes the folder, opens the socket, keeps the state, goes when not needed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import PROTOCOL, platform
from .control import LONGEST_REQUEST, Control
from .folder import FolderLock
from .operations import Model
from .record import recall
from .spool import Spool
from .store import Store, encode, write_atomic

Json = dict[str, Any]
_UNUSED_SECONDS = 5.0
_SAVE_DELAY = 0.05
_TERMINATE_SECONDS = 10.0


class Supervisor:
    """One model's supervisor. `run` returns when the process should end."""

    def __init__(self, folder: Path, name: str, lock: FolderLock) -> None:
        self._folder = folder
        self._lock = lock
        self._ending = asyncio.Event()
        self._removed = False
        self._saving: asyncio.TimerHandle | None = None
        self._dirty = True
        self._socket_path: Path | None = None
        self._store = Store(folder)
        self._spool = Spool(folder / "logs")
        shutil.rmtree(folder / "metrics", ignore_errors=True)  # figures of processes that are gone
        (folder / "metrics").mkdir(exist_ok=True)
        self._model = Model(recall(name, self._store), folder, self._store, self._spool, self._changed)
        self._control = Control(self._operations(), self._model.state, self._model.cancel, self._model.standby.dismiss)

    def _operations(self) -> dict[str, Any]:
        model = self._model

        async def stop(request: Json, report: Any) -> Json:
            return await model.stop()

        async def remove(request: Json, report: Any) -> Json:
            await model.close()
            self._remove_folder()
            self._control.ended = True
            self._ending.set()
            return {}

        changing = {"prepare": model.prepare, "deploy": model.deploy, "rollback": model.rollback, "scale": model.scale}
        changing.update({"start": model.start, "restart": model.restart, "stop": stop, "remove": remove})
        return {name: self._durably(operation) for name, operation in changing.items()}

    def _durably(self, operation: Any) -> Any:
        """What a client was told is on disk first."""

        async def run(request: Json, report: Any) -> Json:
            try:
                result: Json = await operation(request, report)
                return result
            finally:
                self._save()

        return run

    async def run(self, started: Callable[[], None]) -> None:
        """Serve until removed, told to end, or unused. `started` is called when clients can connect."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._report_bug)
        platform.on_terminate(loop, self._ending.set)
        server = await self._listen()
        self._save()
        self._spool.note(f"Supervisor started as process {os.getpid()}.")
        started()
        try:
            await self._until_end()
        finally:
            await self._end(server)

    async def _listen(self) -> asyncio.AbstractServer:
        about: Json = {"protocol": PROTOCOL, "pid": os.getpid()}
        if platform.use_tcp():
            self._control.token = secrets.token_hex(32)
            server = await asyncio.start_server(self._control.serve, "127.0.0.1", 0, limit=LONGEST_REQUEST)
            port = server.sockets[0].getsockname()[1]
            about.update(control=f"tcp:127.0.0.1:{port}", token=self._control.token)
        else:
            path = self._socket_path = platform.socket_path(self._folder)
            path.unlink(missing_ok=True)  # of a dead supervisor: the folder's lock says so
            before = os.umask(0o177)
            try:
                server = await asyncio.start_unix_server(self._control.serve, str(path), limit=LONGEST_REQUEST)
            finally:
                os.umask(before)
            about.update(control=f"unix:{path}")
        write_atomic(self._folder / "supervisor.json", encode(about))
        return server

    async def _until_end(self) -> None:
        unused = 0.0
        while not self._ending.is_set():
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._ending.wait(), 1.0)
            if self._dirty and not self._removed:
                self._save()
            # Someone who only watches does not keep a model that never was, since its deploy was cancelled.
            idle = self._model.record.release is None and self._control.holder is None
            unused = unused + 1.0 if idle else 0.0
            if unused >= _UNUSED_SECONDS or not (self._removed or self._lock.valid()):
                return

    async def _end(self, server: asyncio.AbstractServer) -> None:
        server.close()
        self._control.ended = True
        self._model.cancel()
        async with self._control.turn:
            await self._model.close(_TERMINATE_SECONDS)
        if not self._removed and self._lock.valid():
            self._model.record.stopped = True
            self._save()
            self._spool.note("Supervisor ended.")
            (self._folder / "supervisor.json").unlink(missing_ok=True)
            if not self._model.record.worth_keeping():
                self._remove_folder()
        self._remove_socket()

    def _remove_folder(self) -> None:
        self._removed = True
        self._spool.close()
        self._remove_socket()
        self._lock.remove_folder()

    def _remove_socket(self) -> None:
        if self._socket_path is not None:
            self._socket_path.unlink(missing_ok=True)
            self._socket_path = None

    def _changed(self) -> None:
        self._dirty = True
        self._control.changed()
        if self._saving is None:
            self._saving = asyncio.get_running_loop().call_later(_SAVE_DELAY, self._save)

    def _save(self) -> None:
        if self._saving is not None:
            self._saving.cancel()
            self._saving = None
        if self._removed:
            return
        try:
            self._store.save(self._model.state())
            self._dirty = False
        except OSError:
            self._dirty = True  # disk full or folder gone: the loop tries again every second

    def _report_bug(self, loop: asyncio.AbstractEventLoop, context: Json) -> None:
        error = context.get("exception")
        text = "".join(traceback.format_exception(type(error), error, error.__traceback__)) if error else ""
        lines = [self._model.redactor.text(line) for line in [str(context.get("message")), *text.splitlines()]]
        self._spool.append("supervisor", "sys", lines)


def run(folder: Path, name: str, lock: FolderLock, started: Callable[[], None]) -> None:
    """Run the supervisor in this process until it ends."""

    async def main() -> None:
        await Supervisor(folder, name, lock).run(started)

    asyncio.run(main())
    sys.stdout.flush()
