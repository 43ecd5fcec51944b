"""A bounded pool of threads for user code, so that the event loop always answers health checks."""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from typing import Any, Awaitable, Callable, Tuple, TypeVar

from .errors import HttpError

T = TypeVar("T")
Outcome = Tuple[bool, Any]
_RETRY = ((b"retry-after", b"1"),)


class _Job:
    """`done` is None while nobody waits on the event loop. `owner` is whose job it is then."""

    __slots__ = ("arguments", "cancelled", "done", "function", "loop", "owner", "started")

    def __init__(self, function: Callable[..., Any], arguments: tuple[Any, ...], owner: Any = None) -> None:
        self.function = function
        self.arguments = arguments
        self.owner = owner
        self.loop: asyncio.AbstractEventLoop | None = None
        self.done: asyncio.Future[Outcome] | None = None
        self.started = 0.0
        self.cancelled = False

    def wait_on(self, loop: asyncio.AbstractEventLoop) -> None:
        """From now on the outcome goes to `done`."""
        self.loop = loop
        self.done = loop.create_future()


class Pool:
    """Runs functions in `threads` threads; at most `concurrency` run and wait together, each up to `timeout` s.

    Threads are daemons: one that never returns does not keep the process alive. A single thread can be lent: it then
    waits in the borrower's `wait`, which may call `run_here`.
    """

    def __init__(self, threads: int, concurrency: int, timeout: float) -> None:
        self._threads = threads
        self._concurrency = concurrency
        self._timeout = timeout
        self._queue: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._running: list[_Job | None] = [None] * threads
        self._waiting = 0
        self._alive = False
        self._lock = threading.Lock()
        self._wait: Callable[[bool], None] | None = None
        self._wake: Callable[[], None] = lambda: None
        self._lasted = 0.0
        self.ahead = 0
        """How many requests the borrower has seen and not answered."""

    @property
    def stuck(self) -> bool:
        """Whether every thread runs something beyond its timeout."""
        return self.busy_for(self._timeout)

    @property
    def room(self) -> int:
        """How many more requests may wait."""
        return self._concurrency - self._waiting

    def busy_for(self, seconds: float) -> bool:
        """Whether every thread has run one thing for longer than that."""
        limit = time.monotonic() - seconds
        jobs = list(self._running)
        return all(job is not None and job.started < limit for job in jobs)

    def is_quick(self, seconds: float) -> bool:
        """Whether what runs and what ran last took less than that."""
        return self._lasted < seconds and not self.busy_for(seconds)

    def lend(self, wait: Callable[[bool], None], wake: Callable[[], None]) -> bool:
        """Whether there is a single thread, which from now on calls `wait(block)` between jobs; `wake` makes it
        return. Before the first `run` or `start`."""
        if self._threads != 1 or self._alive:
            return False
        self._wait, self._wake = wait, wake
        return True

    async def run(self, function: Callable[..., T], *arguments: Any) -> T:
        """The result of `function(*arguments)`. HttpError 503 when full or stuck, 504 after the timeout."""
        waiting = self._waiting + self.ahead
        if waiting >= self._concurrency:
            raise HttpError(503, f"The model is busy: {waiting} requests are in progress. Try again later", _RETRY)
        if self.stuck:
            raise HttpError(503, "The model is stuck: a prediction does not end. Try again later", _RETRY)
        self.start()
        job = _Job(function, arguments)
        job.wait_on(asyncio.get_running_loop())
        self._queue.put(job)
        self._wake()
        return await self._result(job, self._timeout)  # type: ignore[no-any-return]

    def run_here(self, owner: Any, function: Callable[..., Any], *arguments: Any) -> Outcome | None:
        """In the lent thread: whether it went well, and the result or exception. None when `take` has got it."""
        job = _Job(function, arguments, owner)
        outcome = self._call(0, job)
        with self._lock:
            if job.done is None:
                return outcome
        self._tell(job, outcome)
        return None

    def take(self, seconds: float) -> tuple[Any, Awaitable[Any]] | None:
        """The owner of what `run_here` has run for longer than that, and its result, as `run` gives it; then
        `run_here` gives nothing. Event loop only."""
        with self._lock:
            job = self._running[0]
            if job is None or job.done is not None or time.monotonic() - job.started < seconds:
                return None
            job.wait_on(asyncio.get_running_loop())
        return job.owner, self._result(job, self._timeout - (time.monotonic() - job.started))

    def start(self) -> None:
        """Starts the threads, once."""
        if not self._alive:
            self._alive = True
            for index in range(self._threads):
                threading.Thread(target=self._work, args=(index,), name=f"predict-{index}", daemon=True).start()

    def close(self) -> None:
        """Lets idle threads end."""
        for _ in range(self._threads):
            self._queue.put(None)
        self._wake()

    async def _result(self, job: _Job, seconds: float) -> Any:
        assert job.loop is not None and job.done is not None
        timer = job.loop.call_later(seconds, _expire, job)
        self._waiting += 1
        try:
            good, outcome = await job.done
        finally:
            self._waiting -= 1
            job.cancelled = True
            timer.cancel()
        if good:
            return outcome
        if outcome is None:
            raise HttpError(504, f"No prediction within {self._timeout:g} seconds")
        raise outcome

    def _work(self, index: int) -> None:
        take = self._queue.get if self._wait is None else self._next
        while True:
            job = take()
            if job is None:
                return
            if not job.cancelled and not self._tell(job, self._call(index, job)):
                return

    def _next(self) -> _Job | None:
        """The next job of the lent thread; the borrower has its turn before each."""
        assert self._wait is not None
        while True:
            self._wait(self._queue.empty())
            try:
                return self._queue.get_nowait()
            except queue.Empty:
                continue

    def _call(self, index: int, job: _Job) -> Outcome:
        job.started = time.monotonic()
        self._running[index] = job
        try:
            return True, job.function(*job.arguments)
        except BaseException as error:  # also SystemExit of user code: it must not end the thread
            return False, error
        finally:
            self._running[index] = None
            self._lasted = time.monotonic() - job.started

    def _tell(self, job: _Job, outcome: Outcome) -> bool:
        assert job.loop is not None
        try:
            job.loop.call_soon_threadsafe(_settle, job, outcome)
        except RuntimeError:  # the loop is closed: nobody waits any more
            return False
        return True


def _settle(job: _Job, outcome: Outcome) -> None:
    if job.done is not None and not job.done.done():
        job.done.set_result(outcome)


def _expire(job: _Job) -> None:
    job.cancelled = True
    _settle(job, (False, None))
