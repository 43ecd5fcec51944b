"""The worker that is started while a release is still being made, so that its libraries are loaded when it comes."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from .lines import Redactor
from .listener import Listener
from .plan import Place, check_release, standby_plan
from .spool import Spool
from .worker import Worker, WorkerFailed, WorkerPlan

Json = dict[str, Any]
_PATHS = ("python", "support", "runtime")


class Standby:
    """At most one waiting worker. `prepare` replaces it, `take` hands it out, `dismiss` ends it."""

    def __init__(self, place: Place, spool: Spool, redactor: Redactor) -> None:
        self._place = place
        self._spool = spool
        self._redactor = redactor
        self._worker: Worker | None = None
        self._listener: Listener | None = None
        self._paths: list[Any] = []

    async def prepare(self, request: Json, secrets: dict[str, str], modules: list[str], listener: Listener) -> None:
        """Start a worker with the paths, env and secrets of the release to come; it imports the modules in `workdir`.

        Raises BadRequest and SecretMissing. A worker that cannot be started is none: the deploy starts its own.
        """
        self.dismiss()
        release = check_release(request.get("release"), (*_PATHS, "workdir"))
        worker = Worker(standby_plan(self._place, release, secrets), 0, self._spool, self._redactor)
        worker.hold()
        with contextlib.suppress(WorkerFailed):
            await worker.start(listener.socket)
            worker.send("import", modules=modules, workdir=str(Path(release["workdir"])))
            self._worker, self._listener = worker, listener
            self._paths = [release[key] for key in _PATHS]

    def take(self, plan: WorkerPlan, release: Json, listener: Listener) -> Worker | None:
        """The waiting worker, when a fresh one for this plan would be started in the same way; else it is ended."""
        worker = self._worker
        if (
            worker is None
            or worker.gone.done()
            or listener is not self._listener
            or plan.environment != worker.plan.environment
            or [release[key] for key in _PATHS] != self._paths
        ):
            self.dismiss()
            return None
        self._worker = None
        return worker

    def dismiss(self) -> None:
        """End the waiting worker."""
        if self._worker is not None:
            self._worker.kill()
            self._worker = None
