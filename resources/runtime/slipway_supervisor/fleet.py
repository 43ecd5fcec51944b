"""The replicas of one release on one listening socket: loaded together, drained together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from .lines import Redactor
from .listener import Listener
from .replica import Replica
from .spool import Spool
from .worker import Worker, WorkerPlan

Json = dict[str, Any]
_REFUSE_SECONDS = 5.0


class Fleet:
    """As many replicas as wanted. New ones answer only after all that were asked for have loaded."""

    def __init__(
        self,
        plan: WorkerPlan,
        listener: Listener,
        spool: Spool,
        redactor: Redactor,
        changed: Callable[[], None],
    ) -> None:
        self.plan = plan
        self.listener = listener
        self.replicas: list[Replica] = []
        self.loading: list[Replica] = []
        self._spool = spool
        self._redactor = redactor
        self._changed = changed

    @property
    def version(self) -> int:
        """The release that these replicas run."""
        return self.plan.version

    def everyone(self) -> list[Replica]:
        """The replicas that serve and those that load."""
        return [*self.replicas, *self.loading]

    async def load(self, count: int, seconds: float, standby: Worker | None = None) -> None:
        """Load `count` more replicas, the first of them in the worker that stands by.

        Raises WorkerFailed when one fails, and none of them is left then.
        """
        self.loading = self._make(count)
        workers = [standby, *[None] * (count - 1)]
        tasks = [asyncio.create_task(one.load(seconds, worker)) for one, worker in zip(self.loading, workers)]
        try:
            await asyncio.gather(*tasks)
        except BaseException:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            failed, self.loading = self.loading, []
            await asyncio.gather(*(replica.kill() for replica in failed))
            raise

    async def accept(self, seconds: float) -> None:
        """Let what `load` loaded answer, and keep it alive from now on."""
        loaded, self.loading = self.loading, []
        self.replicas += loaded
        await asyncio.gather(*(replica.accept() for replica in loaded))
        for replica in loaded:
            replica.keep(seconds)

    def start(self, count: int, seconds: float) -> None:
        """Begin `count` replicas that are started again when they fail, also at the first time."""
        added = self._make(count)
        self.replicas += added
        for replica in added:
            replica.keep(seconds)

    def _make(self, count: int) -> list[Replica]:
        first = len(self.replicas)
        return [
            Replica(self.plan, index, self.listener, self._spool, self._redactor, self._changed)
            for index in range(first, first + count)
        ]

    def shrink(self, count: int) -> Fleet:
        """Take all but the first `count` replicas out, as a fleet of their own, to be drained."""
        leaving = Fleet(self.plan, self.listener, self._spool, self._redactor, self._changed)
        self.replicas, leaving.replicas = self.replicas[:count], self.replicas[count:]
        return leaving

    async def drain(self, idle_seconds: float, longest: float | None = None) -> None:
        """End every replica after its last request."""
        await asyncio.gather(*(replica.drain(idle_seconds, longest) for replica in self.everyone()))

    async def refused(self) -> None:
        """Wait until draining replicas accept no more connections."""
        await asyncio.sleep(0)  # a drain that was just begun stops its keeper first
        await asyncio.gather(*(replica.refused(_REFUSE_SECONDS) for replica in self.everyone()))

    async def close(self, longest: float | None = None) -> None:
        """End every replica and refuse new connections as soon as no replica accepts them any more."""
        draining = asyncio.gather(*(replica.drain(0, longest) for replica in self.everyone()))
        await self.refused()
        self.listener.refuse()
        await draining

    async def kill(self) -> None:
        """End every replica now."""
        await asyncio.gather(*(replica.kill() for replica in self.everyone()))

    def peak_rss(self) -> int:
        """Highest resident memory of a replica so far, bytes."""
        for replica in self.everyone():
            replica.measure()
        return max((replica.peak_rss for replica in self.everyone()), default=0)
