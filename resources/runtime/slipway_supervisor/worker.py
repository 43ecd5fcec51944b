"""One worker process: started, watched over its control channel, and its end explained."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import memory, platform
from .clock import now
from .exits import explain, oom_kills
from .lines import LineSplitter, Redactor
from .spool import Spool

Json = dict[str, Any]
_TAIL = 60
_EVENT_LIMIT = 4 * 1024 * 1024
_PIPES_AFTER_EXIT = 2.0
_LOOK_SECONDS = 0.5
_lives: set[asyncio.Task[None]] = set()
"""The event loop itself holds tasks weakly only."""


@dataclass(frozen=True)
class WorkerPlan:
    """What every worker of one release is started with. `environment` holds secret values: never log it."""

    version: int
    command: Callable[[int, int, int], list[str]]
    """Given the replica's index, the listening and the control descriptor."""
    environment: dict[str, str]
    bundle: str
    request_seconds: float
    """The longest time that a request may take, thus a drain."""


class WorkerFailed(Exception):  # noqa: N818 (what happened, like the event of that name)
    """A worker that did not become ready or is gone. `cause`: code, message, logTail and more."""

    def __init__(self, cause: Json) -> None:
        super().__init__(cause["message"])
        self.cause = cause


class Worker:
    """A running worker. `ready` and `gone` are futures that never raise; `gone` holds the cause."""

    def __init__(self, plan: WorkerPlan, index: int, spool: Spool, redactor: Redactor) -> None:
        loop = asyncio.get_running_loop()
        self.plan = plan
        self.index = index
        self.started_at = now()
        self.pid = 0
        self.rss: int | None = None
        self.peak_rss = 0
        self.modules: list[str] = []
        """Modules that the snapshot names, known when `ready`: what the next worker may import beforehand."""
        self.began = False
        """Whether it has begun to load a bundle. The end of a standby before that says nothing about the release."""
        self.ready: asyncio.Future[None] = loop.create_future()
        self.accepting: asyncio.Future[None] = loop.create_future()
        self.refusing: asyncio.Future[None] = loop.create_future()
        self.gone: asyncio.Future[Json] = loop.create_future()
        self._spool = spool
        self._redactor = redactor
        self._tail: deque[str] = deque(maxlen=_TAIL)
        self._held: list[tuple[str, list[str]]] | None = None
        self._failure: Json | None = None
        self._oom_before = oom_kills()
        self._writer: asyncio.StreamWriter | None = None

    async def start(self, sock: socket.socket) -> None:
        """Start the process. Raises WorkerFailed when the system cannot (no such program, no memory)."""
        ours, theirs = socket.socketpair()
        try:
            process = await platform.spawn(
                lambda listen, control: self.plan.command(self.index, listen, control),
                sock,
                theirs,
                env=self.plan.environment,
                limit=64 * 1024,
            )
        except OSError as error:
            ours.close()
            message = f"The worker could not be started: {error}."
            raise WorkerFailed({"code": "WorkerNotStarted", "message": message, "logTail": []}) from error
        finally:
            theirs.close()
        self.pid = process.pid
        reader, self._writer = await asyncio.open_connection(sock=ours, limit=_EVENT_LIMIT)
        life = asyncio.create_task(self._live(process, reader))
        _lives.add(life)
        life.add_done_callback(_lives.discard)

    def send(self, operation: str, **details: Any) -> None:
        """Tell the worker something; lost without complaint when it is gone."""
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(json.dumps({"op": operation, **details}).encode() + b"\n")

    def hold(self) -> None:
        """Keep what the process writes until it is `assigned` a release."""
        self._held = []

    def assign(self, plan: WorkerPlan, index: int) -> None:
        """Have a standby load the bundle of a release."""
        self.plan, self.index = plan, index
        held, self._held = self._held or [], None
        for stream, texts in held:
            self._log(stream, texts)
        self.send("load", bundle=plan.bundle, version=plan.version, replica=index)

    def kill(self) -> None:
        """End the process and its children now."""
        if self.pid and not self.gone.done():
            platform.kill_group(self.pid)

    def measure(self) -> None:
        """Learn the memory in use from the system, where it tells."""
        found = memory.usage(self.pid) if self.pid and not self.gone.done() else None
        if found is not None:
            self._measured(*found)

    def failure(self, code: str, message: str) -> Json:
        """A cause with the last log lines."""
        return {"code": code, "message": message, "logTail": list(self._tail)}

    async def _live(self, process: asyncio.subprocess.Process, events: asyncio.StreamReader) -> None:
        assert process.stdout is not None and process.stderr is not None
        streams = [
            asyncio.create_task(self._capture(process.stdout, "out")),
            asyncio.create_task(self._capture(process.stderr, "err")),
            asyncio.create_task(self._listen(events)),
        ]
        returncode = await _returncode(process)
        platform.kill_group(self.pid)  # what the worker left behind would hold its pipes and the port
        _, late = await asyncio.wait(streams, timeout=_PIPES_AFTER_EXIT)
        for task in late:
            task.cancel()
        if self._writer is not None:
            self._writer.close()
        _transport(process).close()  # closes pipes that a daemon of the user's still holds open
        self.gone.set_result(self._cause(returncode))

    def _cause(self, returncode: int) -> Json:
        if self._failure is not None:
            return {**self._failure, "logTail": list(self._tail)}
        after = oom_kills()
        out_of_memory = after is not None and self._oom_before is not None and after > self._oom_before
        return self.failure(*explain(returncode, out_of_memory))

    async def _capture(self, stream: asyncio.StreamReader, name: str) -> None:
        splitter = LineSplitter(self._redactor)
        while chunk := await stream.read(64 * 1024):
            self._log(name, splitter.feed(chunk))
        self._log(name, splitter.close())

    def _log(self, stream: str, texts: list[str]) -> None:
        if self._held is not None:
            self._held.append((stream, texts))
            return
        self._tail.extend(texts)
        self._spool.append(f"{self.plan.version}/{self.index}", stream, texts)

    async def _listen(self, events: asyncio.StreamReader) -> None:
        with contextlib.suppress(OSError, ValueError):
            while line := await events.readline():
                event = json.loads(line)
                if isinstance(event, dict):
                    self._heard(event)

    def _heard(self, event: Json) -> None:
        if isinstance(event.get("rss"), int) and isinstance(event.get("peakRss"), int):
            self._measured(event["rss"], event["peakRss"])
        kind = event.get("event")
        if kind == "failed" and isinstance(event.get("error"), dict):
            self._failure = self._clean(event["error"])
        if kind == "ready" and isinstance(event.get("modules"), list):
            self.modules = [str(name) for name in event["modules"]]
        self.began = self.began or kind == "loading"
        futures = {"ready": self.ready, "accepting": self.accepting, "draining": self.refusing}
        future = futures.get(str(kind))
        if future is not None and not future.done():
            future.set_result(None)

    def _clean(self, error: Json) -> Json:
        """The worker's account of its failure, without secret values."""
        cause: Json = {"code": str(error.get("code") or "LoadFailed")}
        for key in ("message", "traceback", "cell"):
            if error.get(key) is not None:
                cause[key] = self._redactor.text(str(error[key]))
        if isinstance(error.get("line"), int):
            cause["line"] = error["line"]
        cause.setdefault("message", "The model could not be loaded.")
        return cause

    def _measured(self, rss: int, peak: int) -> None:
        self.rss = rss
        self.peak_rss = max(self.peak_rss, peak, rss)


async def _returncode(process: asyncio.subprocess.Process) -> int:
    """Wait for the process alone: newer Pythons' `wait` waits for its pipes too, which a child may keep."""
    waiting = asyncio.create_task(process.wait())
    while process.returncode is None:
        await asyncio.wait({waiting}, timeout=_LOOK_SECONDS)
    waiting.cancel()
    return process.returncode


def _transport(process: Any) -> asyncio.SubprocessTransport:
    transport: asyncio.SubprocessTransport = process._transport
    return transport
