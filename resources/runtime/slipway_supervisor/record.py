"""What the supervisor remembers of its model over restarts, and the `State` that everyone is shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .clock import now
from .fleet import Fleet
from .listener import HOST
from .store import Store

Json = dict[str, Any]


@dataclass
class Record:
    """The model: its current release, wishes and history. The rest is seen from the processes."""

    name: str
    release: int | None = None
    port: int | None = None
    desired: int = 1
    peak_rss: int = 0
    stopped: bool = False
    reason: Json | None = None
    releases: list[Json] = field(default_factory=list)
    fleet: Fleet | None = None
    leaving: list[Fleet] = field(default_factory=list)
    incoming: Fleet | None = None
    step: str | None = None

    def add(self, version: int, release: Json) -> None:
        """Put a new release into the history. It is `failed` until it has taken over."""
        entry = {
            "version": version,
            "createdAt": release.get("createdAt") or now(),
            "digest": release.get("digest"),
        }
        if isinstance(release.get("resources"), dict):
            entry["resources"] = release["resources"]
        self.releases.append({**entry, "status": "failed"})

    def activate(self, version: int) -> None:
        """Make a release the one that answers."""
        for entry in self.releases:
            if entry["version"] == version:
                entry["status"] = "active"
                entry.pop("reason", None)
            elif entry["status"] == "active":
                entry["status"] = "superseded"
        self.release = version
        self.reason = None

    def fail(self, version: int, reason: Json) -> None:
        """Keep the reason with a release that did not take over."""
        for entry in self.releases:
            if entry["version"] == version and version != self.release:
                entry["status"] = "failed"
                entry["reason"] = reason

    def previous(self) -> int | None:
        """The newest release before the current one that has served."""
        served = [
            e["version"] for e in self.releases if e["status"] == "superseded" and e["version"] < (self.release or 0)
        ]
        return max(served, default=None)

    def worth_keeping(self) -> bool:
        """Whether something was deployed, or failed in a way that somebody may want to read."""
        return any((entry.get("reason") or {}).get("code") != "Cancelled" for entry in self.releases)

    def phase(self) -> tuple[str, Json | None]:
        """The model's phase and the first cause when it is not Ready."""
        if self.step is not None:
            return "Progressing", None
        if self.release is None:
            return ("Failed" if self.reason else "Pending"), self.reason
        if self.stopped or self.fleet is None:
            return "Stopped", self.reason
        for replica in self.fleet.replicas:
            if replica.gave_up:
                return "Failed", replica.cause
        if all(replica.phase == "Ready" for replica in self.fleet.replicas):
            return "Ready", None
        return "Progressing", next((r.cause for r in self.fleet.replicas if r.cause), None)

    def to_json(self) -> Json:
        """The `State`."""
        phase, reason = self.phase()
        fleets = [fleet for fleet in (self.fleet, self.incoming, *self.leaving) if fleet is not None]
        self.peak_rss = max([self.peak_rss, *(fleet.peak_rss() for fleet in fleets)])
        workers = [replica.to_json() for fleet in fleets for replica in fleet.everyone()]
        ready = sum(replica.phase == "Ready" for replica in self.fleet.replicas) if self.fleet else 0
        target = self.incoming.version if self.incoming else self.release
        state: Json = {
            "schema": 1,
            "name": self.name,
            "phase": phase,
            "reason": reason,
            "endpoint": f"http://{HOST}:{self.port}" if ready else None,
            "port": self.port,
            "release": self.release,
            "replicas": {
                "desired": self.desired,
                "ready": ready,
                "workers": [w for w in workers if w["pid"] or w["phase"] != "Draining"],
            },
            "rollout": {"release": target, "step": self.step} if self.step else None,
            "releases": self.releases,
            "updatedAt": now(),
        }
        if self.peak_rss:
            state["peakRss"] = self.peak_rss
        return state


def recall(name: str, store: Store) -> Record:
    """The record as the files tell it. A model is Stopped until somebody says start."""
    state, aside = store.load()
    if state is not None:
        return Record(
            name=name,
            release=state.get("release"),
            port=state.get("port"),
            desired=state["replicas"]["desired"],
            peak_rss=state.get("peakRss") or 0,
            stopped=True,
            reason=state.get("reason") if state.get("release") is None else None,
            releases=state["releases"],
        )
    record = Record(name=name, stopped=True)
    for version in store.versions():
        record.add(version, store.release(version) or {})
        record.activate(version)
    if aside is not None:
        record.reason = {
            "code": "StateCorrupt",
            "message": f"The saved state could not be read. It was kept as {aside}, and the "
            "model was put together from its releases; port, replicas and failures are not known. "
            f"{_advice(record)}",
        }
    return record


def _advice(record: Record) -> str:
    if record.release is None:
        return "Deploy the project again."
    return f"Start runs release {record.release}, the newest; roll back if it should be another."
