"""What a client may ask of a model. One operation at a time; the control socket sees to that."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from .errors import OperationError
from .fleet import Fleet
from .lines import Redactor
from .listener import Listener, reserve
from .plan import Place, check_release, worker_plan
from .record import Record
from .requests import MAX_REPLICAS, READY_SECONDS, number, ready_seconds, replica_count
from .spool import Spool
from .standby import Standby
from .store import Store
from .worker import WorkerFailed

Json = dict[str, Any]
Report = Callable[[str, str], None]
_IDLE_SECONDS = 10.0
"""How long an idle connection to a draining worker may still be used for one more request."""
_PORT_PATIENCE = 3.0


class Model:
    """The operations on one model. Each returns the State or raises OperationError; one at a time."""

    def __init__(self, record: Record, folder: Path, store: Store, spool: Spool, changed: Callable[[], None]) -> None:
        self.record = record
        self.redactor = Redactor()
        self._place = Place(record.name, folder / "metrics", folder.parent.parent / "cache" / "bytecode")
        self.standby = Standby(self._place, spool, self.redactor)
        self._modules: list[str] = []
        self._store = store
        self._spool = spool
        self._changed = changed
        self._secrets: dict[str, str] = {}
        self._loading: asyncio.Task[None] | None = None
        self._drains: set[asyncio.Task[None]] = set()
        self._listener: Listener | None = None

    async def deploy(self, request: Json, report: Report) -> Json:
        """Start a new release beside the current one and let it take over when it is ready."""
        release = check_release(request.get("release"))
        replicas = replica_count(request.get("replicas"), self.record.desired)
        port = number(request.get("port"), 1, 65535, "port")
        secrets = self._with_secrets(request.get("secrets"))
        seconds = ready_seconds(request.get("readyTimeoutSeconds"))
        try:
            version = self._store.add_release(release)
        except OSError as error:
            raise OperationError("DiskFailed", f"The release could not be saved: {error.strerror}.") from error
        self.record.add(version, release)
        return await self._take_over(version, secrets, replicas, port, seconds, report)

    async def prepare(self, request: Json, report: Report) -> Json:
        """Start a worker for the release that the holder of the lock is about to deploy."""
        secrets = self._with_secrets(request.get("secrets"))
        await self.standby.prepare(request, secrets, self._modules, self._listen(None))
        return {}

    async def rollback(self, request: Json, report: Report) -> Json:
        """Let an earlier release take over; without a version the one before the current."""
        known = {entry["version"] for entry in self.record.releases if self._store.release(entry["version"])}
        version = number(request.get("version"), 1, 10**9, "version") or self.record.previous()
        if version is None or version not in known:
            kept = ", ".join(map(str, sorted(known))) or "none"
            wanted = f"Release {version} does not exist" if version else "There is no earlier release that has served"
            raise OperationError("ReleaseMissing", f"{wanted}. Releases that are kept: {kept}.")
        secrets = self._with_secrets(request.get("secrets"))
        return await self._take_over(version, secrets, self.record.desired, None, READY_SECONDS, report)

    async def restart(self, request: Json, report: Report) -> Json:
        """Replace every worker by a fresh one of the same release, without a failed request."""
        if self.record.fleet is None:
            return await self.start(request, report)
        secrets = self._with_secrets(request.get("secrets"))
        return await self._take_over(self._current(), secrets, self.record.desired, None, READY_SECONDS, report)

    async def start(self, request: Json, report: Report) -> Json:
        """Start a stopped model; failed workers are retried. Raises StartFailed when all tries failed."""
        if self.record.fleet is not None:
            return self.state()
        version = self._current()
        secrets = self._with_secrets(request.get("secrets"))
        fleet = self._fleet(version, secrets, None)
        self._secrets = secrets
        self.record.fleet, self.record.stopped, self.record.reason = fleet, False, None
        fleet.start(self.record.desired, READY_SECONDS)
        report("starting", f"Starting release {version}")
        phase, reason = await self._settled(fleet)
        if phase == "Failed":
            raise OperationError("StartFailed", f"Release {version} did not start: {_message(reason)}", cause=reason)
        return self._settle()

    async def scale(self, request: Json, report: Report) -> Json:
        """Change the number of workers; those that go answer their requests first."""
        count = number(request.get("replicas"), 1, MAX_REPLICAS, "replicas")
        if count is None:
            raise OperationError("BadRequest", "The request does not say how many replicas.")
        fleet = self.record.fleet
        if fleet is not None and count > len(fleet.replicas):
            report("starting", f"Starting {count - len(fleet.replicas)} more")
            try:
                await fleet.load(count - len(fleet.replicas), READY_SECONDS)
            except WorkerFailed as failed:
                message = f"The model was not scaled: {failed.cause['message']}"
                raise OperationError("ScaleFailed", message, cause=failed.cause) from failed
            await fleet.accept(READY_SECONDS)
        elif fleet is not None and count < len(fleet.replicas):
            await self._leave(fleet.shrink(count), fleet)
        self.record.desired = count
        return self._settle()

    async def stop(self, longest: float | None = None) -> Json:
        """End all workers after their last request. The port stays reserved and refuses connections."""
        await self._end_workers(longest)
        return self._settle()

    async def close(self, longest: float | None = None) -> None:
        """End all workers and give the port back."""
        self.standby.dismiss()
        await self._end_workers(longest)
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    def cancel(self) -> None:
        """Give up a takeover whose new workers are still loading; later it has no effect."""
        if self._loading is not None:
            self._loading.cancel()

    def state(self) -> Json:
        """The State now."""
        return self.record.to_json()

    async def _take_over(
        self,
        version: int,
        secrets: dict[str, str],
        replicas: int,
        port: int | None,
        seconds: float,
        report: Report,
    ) -> Json:
        fleet: Fleet | None = None
        try:
            self._step("starting", f"Starting release {version}", report)
            fleet = self.record.incoming = self._fleet(version, secrets, port)
            await self._load(fleet, replicas, seconds, report)
        except (WorkerFailed, OperationError, OSError, asyncio.CancelledError) as error:
            raise self._rolled_back(version, fleet, error) from error
        finally:
            self.record.incoming = None
            self.record.step = None
        self._step("switching", f"Release {version} takes over", report)
        before, self.record.fleet = self.record.fleet, fleet
        self.record.desired = replicas
        self.record.port, self._listener, former = fleet.listener.port, fleet.listener, self._listener
        self.record.stopped = False
        self.record.activate(version)
        self._secrets = secrets
        self._modules = fleet.loading[0].modules
        await fleet.accept(seconds)
        if before is not None:
            self._step("draining", f"Release {before.version} answers its last requests", report)
            await self._leave(before, fleet)
        elif former is not None and former is not fleet.listener:
            former.close()
        self.record.step = None
        report("done", f"Release {version} answers on port {fleet.listener.port}")
        self._spool.note(f"Release {version} has taken over.")
        return self._settle()

    async def _load(self, fleet: Fleet, replicas: int, seconds: float, report: Report) -> None:
        self._step("loading", f"Loading the model in {replicas} worker{'s' if replicas > 1 else ''}", report)
        release = self._store.release(fleet.version) or {}
        standby = self.standby.take(fleet.plan, release, fleet.listener)
        self._loading = asyncio.create_task(fleet.load(replicas, seconds, standby))
        try:
            await self._loading
        finally:
            self._loading = None
        self._step("ready", f"Release {fleet.version} is loaded", report)

    def _rolled_back(self, version: int, fleet: Fleet | None, error: BaseException) -> OperationError:
        """Bring the record back to how it was and say why the new release did not make it."""
        if fleet is not None and fleet.listener is not self._listener:
            fleet.listener.close()
        if isinstance(error, asyncio.CancelledError):
            cause: Json = {"code": "Cancelled", "message": "The rollout was cancelled."}
        elif isinstance(error, WorkerFailed):
            cause = error.cause
        elif isinstance(error, OperationError):
            cause = error.to_json()
        else:
            cause = {"code": "WorkerNotStarted", "message": str(error)}
        self.record.fail(version, cause)
        if self.record.release is None and cause["code"] != "Cancelled":
            self.record.reason = cause
        self._spool.note(f"Release {version} did not take over: {cause['message']}")
        self.record.step = None
        self._settle()
        if isinstance(error, OperationError):
            return error
        answers = "The release before it keeps answering." if self.record.fleet else "Nothing was started."
        message = f"Release {version} did not become ready: {cause['message']} {answers}"
        return OperationError("RolloutFailed", message, cause=cause, release=version)

    def _fleet(self, version: int, secrets: dict[str, str], port: int | None) -> Fleet:
        release = self._store.release(version)
        if release is None:
            raise OperationError("ReleaseMissing", f"Release {version} cannot be read. Deploy the project again.")
        plan = worker_plan(self._place, version, release, secrets)
        self.redactor.learn(secrets.values())
        return Fleet(plan, self._listen(port), self._spool, self.redactor, self._changed)

    def _listen(self, port: int | None) -> Listener:
        """The socket to serve on: the model's own, or a new one for another port. Raises PortTaken."""
        if self._listener is not None and port in (None, self._listener.port):
            return self._listener
        if port not in (None, self.record.port):
            return reserve(port)
        # The workers of a supervisor that was killed may need a moment to leave the port.
        listener = reserve(self.record.port, _PORT_PATIENCE if self.record.port else 0)
        self._listener, self.record.port = listener, listener.port
        return listener

    async def _leave(self, fleet: Fleet, staying: Fleet) -> None:
        """Drain replicas in the background; returns when they accept no more."""

        self.record.leaving.append(fleet)

        async def leave() -> None:
            await fleet.drain(_IDLE_SECONDS)
            self.record.leaving.remove(fleet)
            if fleet.listener is not staying.listener and not self._listens(fleet.listener):
                fleet.listener.close()
            self._changed()

        self._background(leave())
        await fleet.refused()

    def _listens(self, listener: Listener) -> bool:
        return listener is self._listener or any(fleet.listener is listener for fleet in self.record.leaving)

    def _background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._drains.add(task)
        task.add_done_callback(self._drains.discard)

    async def _end_workers(self, longest: float | None) -> None:
        """The model is shown as stopped when nothing of it runs any more, and thus can be started again, not before."""
        fleet, leaving = self.record.fleet, list(self.record.leaving)
        ends = [other.drain(0, longest) for other in leaving]
        if fleet is not None:
            self.record.step = "stopping"
            self._changed()
            ends.append(fleet.close(longest))
        try:
            await asyncio.gather(*ends)
            self.record.fleet = None
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.gather(*self._drains)
        finally:
            self.record.step = None
            self.record.stopped = True

    async def _settled(self, fleet: Fleet) -> tuple[str, Json | None]:
        """Wait until every replica is ready, or one has been given up."""
        while (phase := self.record.phase())[0] == "Progressing" and self.record.fleet is fleet:
            await asyncio.sleep(0.05)
        return phase

    def _with_secrets(self, given: Any) -> dict[str, str]:
        if given is not None and not isinstance(given, dict):
            raise OperationError("BadRequest", "The secrets are not an object of names and values.")
        secrets = {**self._secrets, **{str(name): str(value) for name, value in (given or {}).items()}}
        self.redactor.learn(secrets.values())
        return secrets

    def _current(self) -> int:
        if self.record.release is None:
            raise OperationError("ReleaseMissing", "Nothing was deployed under this name yet. Deploy first.")
        return self.record.release

    def _step(self, step: str, message: str, report: Report) -> None:
        self.record.step = step
        self._changed()
        report(step, message)

    def _settle(self) -> Json:
        self._changed()
        return self.state()


def _message(reason: Json | None) -> str:
    return str((reason or {}).get("message", "the cause is not known."))
