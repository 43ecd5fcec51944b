"""One replica: keeps one worker alive, from its first start to its drain."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any, Literal

from .clock import now
from .lines import Redactor
from .listener import Listener
from .restarts import RestartPolicy
from .spool import Spool
from .worker import Worker, WorkerFailed, WorkerPlan

Json = dict[str, Any]
_ACCEPT_SECONDS = 10.0
_DRAIN_MARGIN = 15.0
"""Seconds over the longest request: idle connections are given about ten to be used once more."""


async def _either(one: asyncio.Future[Any], other: asyncio.Future[Any], seconds: float) -> None:
    await asyncio.wait({one, other}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)


class Replica:
    """A numbered place for a worker. Use `load`, `accept`, `keep`, or `keep` alone; in the end `drain`."""

    def __init__(
        self,
        plan: WorkerPlan,
        index: int,
        listener: Listener,
        spool: Spool,
        redactor: Redactor,
        changed: Callable[[], None],
    ) -> None:
        self.plan = plan
        self.index = index
        self.phase: Literal["Starting", "Ready", "Draining", "CrashLoop"] = "Starting"
        self.restarts = 0
        self.cause: Json | None = None
        self.gave_up = False
        self.peak_rss = 0
        self._listener = listener
        self._spool = spool
        self._redactor = redactor
        self._changed = changed
        self._policy = RestartPolicy()
        self._ready_seconds = 300.0
        self._ready_at: float | None = None
        self._worker: Worker | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._started_at = now()

    async def load(self, seconds: float, standby: Worker | None = None) -> None:
        """Start a worker, or have one that stands by take over, and wait until its model is loaded.

        Raises WorkerFailed; nothing runs then.
        """
        self._ready_seconds = seconds
        self._set("Starting")
        self._ready_at = None
        if standby is not None and await self._loads(standby, seconds):
            return
        await self._loads(Worker(self.plan, self.index, self._spool, self._redactor), seconds)

    async def _loads(self, worker: Worker, seconds: float) -> bool:
        """False when a standby ended before it began, or did not suit: then a fresh worker must be started."""
        self._worker = worker
        self._started_at = worker.started_at
        stood_by = bool(worker.pid)
        try:
            if stood_by:
                worker.assign(self.plan, self.index)
            else:
                await worker.start(self._listener.socket)
            self._changed()
            await _either(worker.ready, worker.gone, seconds)
            if stood_by and worker.gone.done() and not worker.began:
                return False
            if not worker.ready.done():
                raise WorkerFailed(await self._failure(worker, seconds))
        except BaseException:
            self.peak_rss = max(self.peak_rss, worker.peak_rss)
            worker.kill()
            self._worker = None
            raise
        return True

    @property
    def modules(self) -> list[str]:
        """Modules that the snapshot of the loaded model names."""
        return self._worker.modules if self._worker is not None else []

    async def _failure(self, worker: Worker, seconds: float) -> Json:
        if worker.gone.done():
            return worker.gone.result()
        worker.kill()
        cause = await worker.gone
        message = f"The model was not ready after {seconds:g} seconds. Load less at the start, or allow more time."
        return {**cause, "code": "NotReady", "message": message}

    async def accept(self) -> None:
        """Let the loaded worker accept connections. A worker that dies here is found by `keep`."""
        worker = self._worker
        if worker is None:
            return
        self._listener.allow()
        worker.send("accept")
        await _either(worker.accepting, worker.gone, _ACCEPT_SECONDS)
        if worker.accepting.done() and not worker.gone.done():
            self._ready_at = asyncio.get_running_loop().time()
            self.cause = None
            self._set("Ready")
            self._say(f"process {worker.pid} is ready")

    def keep(self, seconds: float) -> None:
        """From now on start the worker again whenever it is gone, until the policy gives up."""
        self._ready_seconds = seconds
        self._keeper = asyncio.create_task(self._keep())

    async def _keep(self) -> None:
        while True:
            self.cause = await self._until_gone()
            now_seconds = asyncio.get_running_loop().time()
            ready_for = None if self._ready_at is None else now_seconds - self._ready_at
            delay = self._policy.failed(now_seconds, ready_for)
            self.gave_up = delay is None
            self._set("CrashLoop")
            self._say(self.cause["message"])
            if delay is None:
                self._say("gave up: it failed too often. Read the lines above, then deploy a corrected release.")
                return
            self._say(f"starts again in {delay:.1f} seconds")
            await asyncio.sleep(delay)
            self.restarts += 1

    async def _until_gone(self) -> Json:
        try:
            if self._worker is None:
                await self.load(self._ready_seconds)
                await self.accept()
        except WorkerFailed as failed:
            return failed.cause
        worker = self._worker
        assert worker is not None
        cause = await asyncio.shield(worker.gone)
        self.peak_rss = max(self.peak_rss, worker.peak_rss)
        self._worker = None
        return cause

    async def drain(self, idle_seconds: float, longest: float | None = None) -> None:
        """End the worker when its last request is answered; kill it when that takes too long."""
        await self._stop_keeping()
        worker = self._worker
        if worker is None:
            return
        self._set("Draining")
        worker.send("drain", idleSeconds=idle_seconds)
        limit = self.plan.request_seconds + _DRAIN_MARGIN if longest is None else longest
        await asyncio.wait({worker.gone}, timeout=limit)
        if not worker.gone.done():
            self._say(f"process {worker.pid} still had requests after {limit:g} seconds and was killed")
        await self._end(worker)

    async def refused(self, seconds: float) -> None:
        """Wait until the draining worker has stopped accepting or is gone."""
        if self._worker is not None:
            await _either(self._worker.refusing, self._worker.gone, seconds)

    async def kill(self) -> None:
        """End the worker now, requests or not."""
        await self._stop_keeping()
        if self._worker is not None:
            await self._end(self._worker)

    async def _end(self, worker: Worker) -> None:
        worker.measure()
        worker.kill()
        await worker.gone
        self.peak_rss = max(self.peak_rss, worker.peak_rss)
        self._worker = None
        self._changed()

    async def _stop_keeping(self) -> None:
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await keeper

    def measure(self) -> None:
        """Bring `peak_rss` up to date."""
        if self._worker is not None:
            self._worker.measure()
            self.peak_rss = max(self.peak_rss, self._worker.peak_rss)

    def to_json(self) -> Json:
        """The replica's entry in `State.replicas.workers`."""
        worker = self._worker
        entry: Json = {
            "index": self.index,
            "pid": worker.pid or None if worker else None,
            "release": self.plan.version,
            "phase": self.phase,
            "restarts": self.restarts,
            "startedAt": self._started_at,
        }
        if worker is not None and worker.rss is not None:
            entry["rss"] = worker.rss
        return entry

    def _set(self, phase: Literal["Starting", "Ready", "Draining", "CrashLoop"]) -> None:
        self.phase = phase
        self._changed()

    def _say(self, text: str) -> None:
        self._spool.note(f"Release {self.plan.version}, replica {self.index}: {text}")
