"""A bounded pool of threads for user code, so that the event loop always answers health checks."""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from typing import Any, Callable, TypeVar

from .errors import HttpError

T = TypeVar("T")
_RETRY = ((b"retry-after", b"1"),)


class _Job:
    __slots__ = ("arguments", "cancelled", "done", "function", "loop", "started")

    def __init__(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        self.function = function
        self.arguments = arguments
        self.loop = asyncio.get_running_loop()
        self.done: asyncio.Future[tuple[bool, Any]] = self.loop.create_future()
        self.started = 0.0
        self.cancelled = False


class Pool:
    """Runs functions in `threads` threads; at most `concurrency` run and wait together, each up to `timeout` s.

    Threads are daemons: one that never returns does not keep the process alive.
    """

    def __init__(self, threads: int, concurrency: int, timeout: float) -> None:
        self._threads = threads
        self._concurrency = concurrency
        self._timeout = timeout
        self._queue: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._running: list[_Job | None] = [None] * threads
        self._waiting = 0
        self._alive = False

    @property
    def stuck(self) -> bool:
        """Whether every thread runs something beyond its timeout."""
        limit = time.monotonic() - self._timeout
        jobs = list(self._running)
        return all(job is not None and job.started < limit for job in jobs)

    async def run(self, function: Callable[..., T], *arguments: Any) -> T:
        """The result of `function(*arguments)`. HttpError 503 when full or stuck, 504 after the timeout."""
        if self._waiting >= self._concurrency:
            raise HttpError(
                503, f"The model is busy: {self._waiting} requests are in progress. Try again later", _RETRY
            )
        if self.stuck:
            raise HttpError(503, "The model is stuck: a prediction does not end. Try again later", _RETRY)
        self._start()
        job = _Job(function, arguments)
        timer = job.loop.call_later(self._timeout, _expire, job)
        self._waiting += 1
        self._queue.put(job)
        try:
            good, outcome = await job.done
        finally:
            self._waiting -= 1
            job.cancelled = True
            timer.cancel()
        if good:
            return outcome  # type: ignore[no-any-return]
        if outcome is None:
            raise HttpError(504, f"No prediction within {self._timeout:g} seconds")
        raise outcome

    def close(self) -> None:
        """Lets idle threads end."""
        for _ in range(self._threads):
            self._queue.put(None)

    def _start(self) -> None:
        if not self._alive:
            self._alive = True
            for index in range(self._threads):
                threading.Thread(target=self._work, args=(index,), name=f"predict-{index}", daemon=True).start()

    def _work(self, index: int) -> None:
        running = self._running
        take = self._queue.get
        while True:
            job = take()
            if job is None:
                return
            if job.cancelled:
                continue
            job.started = time.monotonic()
            running[index] = job
            try:
                outcome = (True, job.function(*job.arguments))
            except BaseException as error:  # also SystemExit of user code: it must not end the thread
                outcome = (False, error)
            running[index] = None
            try:
                job.loop.call_soon_threadsafe(_settle, job, outcome)
            except RuntimeError:  # the loop is closed: nobody waits any more
                return


def _settle(job: _Job, outcome: tuple[bool, Any]) -> None:
    if not job.done.done():
        job.done.set_result(outcome)


def _expire(job: _Job) -> None:
    if not job.done.done():
        job.cancelled = True
        job.done.set_result((False, None))
