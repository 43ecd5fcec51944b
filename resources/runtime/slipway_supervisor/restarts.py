"""When a crashed worker is started again, and when the supervisor gives up. Seconds of a monotonic clock."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable

FIRST_DELAY = 0.5
LONGEST_DELAY = 30.0
HEALTHY_AFTER = 60.0
NEVER_READY_LIMIT = 5
WINDOW = 600.0
WINDOW_LIMIT = 8


class RestartPolicy:
    """Exponential backoff with jitter: 0.5 s doubling to 30 s, from the start again after 60 s of health."""

    def __init__(self, jitter: Callable[[], float] = random.random) -> None:
        self._jitter = jitter
        self._in_a_row = 0
        self._was_ready = False
        self._failures: deque[float] = deque(maxlen=WINDOW_LIMIT)

    def failed(self, at: float, ready_for: float | None) -> float | None:
        """Seconds to wait before the next start, or None to give up.

        `ready_for`: how long the worker had been ready, None when it never was. Gives up after five failures
        in a row while no start ever became ready, and after eight failures in ten minutes.
        """
        self._was_ready = self._was_ready or ready_for is not None
        if ready_for is not None and ready_for >= HEALTHY_AFTER:
            self._in_a_row = 0
        self._in_a_row += 1
        self._failures.append(at)
        if not self._was_ready and self._in_a_row >= NEVER_READY_LIMIT:
            return None
        if len(self._failures) == WINDOW_LIMIT and at - self._failures[0] <= WINDOW:
            return None
        delay = min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** min(self._in_a_row - 1, 16))
        return delay * (0.75 + 0.5 * self._jitter())
