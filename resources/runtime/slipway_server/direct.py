"""Predictions that the thread which read the request makes by itself, without a way through the event loop.

That thread is the pool's only one, so no two predictions run at once, whichever way their requests came. What it is
still at after a while is taken over by the event loop, with the limits and answers of any other request.
"""

from __future__ import annotations

import collections
import sys
from typing import Any, Awaitable, Callable, Mapping, Optional

from .accesslog import write
from .answers import Answer, error_answer
from .errors import HttpError, traceback_of
from .pool import Pool
from .routes import Route

Find = Callable[[Any], Optional[Route]]
Count = Callable[[str, Any, int, float], None]
Gauge = Callable[[int], None]


class Direct:
    """What the borrower of the pool's thread needs of the app. `find` gives the route of a scope, None for one that
    only the app itself answers; `count` notes an answered request and `gauge` adds to those in flight, both on the
    event loop."""

    def __init__(self, pool: Pool, find: Find, count: Count, gauge: Gauge) -> None:
        self.pool = pool
        self.find = find
        self._count = count
        self._gauge = gauge
        self._begun = 0
        self._counted = 0
        self._in_flight = 0
        self._done: collections.deque[tuple[str, Any, int, float]] = collections.deque()

    def run(self, route: Route, body: bytes, headers: Mapping[bytes, bytes], owner: Any) -> Answer | None:
        """In the pool's thread: the answer, or None when `take` has given it away."""
        self._begun += 1
        outcome = self.pool.run_here(owner, route.work, body, headers)  # type: ignore[arg-type]
        if outcome is None:
            return None
        good, result = outcome
        return result if good else _failed(result)

    def take(self, seconds: float) -> tuple[Any, Awaitable[Answer]] | None:
        """On the event loop: the owner of what has run for longer than that, and its answer."""
        taken = self.pool.take(seconds)
        return None if taken is None else (taken[0], _answer(taken[1]))

    def done(self, route: Route, scope: Any, status: int, seconds: float) -> None:
        """Notes an answered request, to be counted by `flush`; any thread, once for each `run`."""
        self._done.append((route.label, scope, status, seconds))

    def flush(self) -> None:
        """Counts what was noted. Event loop only, as are counters and log."""
        while self._done:
            self._count(*self._done.popleft())
            self._counted += 1
        now = self._begun - self._counted
        self._gauge(now - self._in_flight)
        self._in_flight = now


async def _answer(result: Awaitable[Answer]) -> Answer:
    try:
        return await result
    except BaseException as error:  # as where the pool's thread has it
        return _failed(error)


def _failed(error: BaseException) -> Answer:
    if isinstance(error, HttpError):
        return error_answer(error)
    write(sys.stderr, traceback_of(error))
    return error_answer(HttpError(500, "Internal Server Error"))
