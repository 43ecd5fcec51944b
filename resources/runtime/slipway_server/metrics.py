"""Counters shared by the workers of one model, and their sum in the Prometheus text format.

Each worker owns one memory-mapped file of fixed records (a key of 120 bytes, a float64) and locks it while it lives.
The worker that answers /metrics sums all files. Counters of dead workers stay, so that sums never go down; a starting
worker takes them over into its own file. Gauges count only while their owner lives.
Format of the answer: https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

import bisect
import contextlib
import mmap
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Union

try:
    import fcntl
except ImportError:  # Windows: files are neither locked nor taken over, and gauges of dead workers stay
    fcntl = None  # type: ignore[assignment]

_RECORD = struct.Struct("<120sd")
_VALUE = struct.Struct("<d")
_RECORDS = 512
_SIZE = _RECORDS * _RECORD.size
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_BOUNDS = [*[f"{bound:g}" for bound in BUCKETS], "+Inf"]
IN_FLIGHT = "slipway_requests_in_flight"
_FAMILIES = {
    "slipway_requests_total": ("counter", "Requests by route and status code."),
    "slipway_request_seconds": ("histogram", "Time from a request's first byte to the end of its answer."),
    IN_FLIGHT: ("gauge", "Requests in progress."),
    "slipway_errors_total": ("counter", "Answers with a status of 500 and above."),
    "slipway_model_load_seconds": ("summary", "Time from the start of loading to readiness."),
}
Buffer = Union[mmap.mmap, bytearray]


class Metrics:
    """The counters of this worker. `folder` None keeps them in memory only. Event loop thread only."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._places: dict[str, int] = {}
        self._values: dict[str, float] = {}
        self._requests: dict[tuple[str, int], str] = {}
        self._file: BinaryIO | None = None
        self._memory: Buffer = bytearray(_SIZE)
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            self._claim(folder)

    def add(self, key: str, amount: float) -> None:
        """Adds to one series, written as Prometheus writes it: name{label="value"}."""
        place = self._places.get(key)
        if place is None:
            place = self._place(key)
            if place is None:
                return
        value = self._values[key] + amount
        self._values[key] = value
        _VALUE.pack_into(self._memory, place, value)

    def request(self, route: str, status: int, seconds: float) -> None:
        """Counts one answered request."""
        key = self._requests.get((route, status))
        if key is None:
            key = f'slipway_requests_total{{route="{route}",code="{status}"}}'
            self._requests[(route, status)] = key
        self.add(key, 1)
        self.add(f'slipway_request_seconds_bucket{{le="{_BOUNDS[bisect.bisect_left(BUCKETS, seconds)]}"}}', 1)
        self.add("slipway_request_seconds_sum", seconds)
        if status >= 500:
            self.add("slipway_errors_total", 1)

    def loaded(self, seconds: float) -> None:
        """Notes how long loading took."""
        self.add("slipway_model_load_seconds_sum", seconds)
        self.add("slipway_model_load_seconds_count", 1)

    def render(self, labels: str) -> bytes:
        """All workers' counters as text; `labels` (model="…") goes to each series."""
        totals = dict(self._values) if self._folder is None else self._sum(self._folder)
        lines: list[str] = []
        for family, (kind, text) in _FAMILIES.items():
            lines += [f"# HELP {family} {text}", f"# TYPE {family} {kind}"]
            lines += _histogram(family, totals, labels) if kind == "histogram" else _plain(family, totals, labels)
        return ("\n".join(lines) + "\n").encode()

    def close(self) -> None:
        """Gives the file up; its counters stay."""
        if isinstance(self._memory, mmap.mmap):
            self._memory.close()
            self._memory = bytearray(_SIZE)
        if self._file is not None:
            self._file.close()
            self._file = None

    def _place(self, key: str) -> int | None:
        index = len(self._places)
        name = key.encode()
        if index >= _RECORDS or len(name) > 120:
            return None
        _RECORD.pack_into(self._memory, index * _RECORD.size, name, 0.0)
        self._places[key] = index * _RECORD.size + 120
        self._values[key] = 0.0
        return self._places[key]

    def _claim(self, folder: Path) -> None:
        with _shared_lock(folder, exclusive=True):
            name = f"{os.getpid()}-{os.urandom(4).hex()}.counters"
            self._file = (folder / name).open("x+b")
            self._file.truncate(_SIZE)
            if fcntl is not None:
                fcntl.flock(self._file, fcntl.LOCK_EX)
            self._memory = mmap.mmap(self._file.fileno(), _SIZE)
            if fcntl is not None:
                self._take_over(folder, name)

    def _take_over(self, folder: Path, own: str) -> None:
        for path in folder.glob("*.counters"):
            if path.name != own and not _is_alive(path):
                for key, value in _read(path):
                    if key != IN_FLIGHT:
                        self.add(key, value)
                path.unlink()

    def _sum(self, folder: Path) -> dict[str, float]:
        totals: dict[str, float] = {}
        with _shared_lock(folder, exclusive=False):
            for path in folder.glob("*.counters"):
                records = list(_read(path))
                dead = any(key == IN_FLIGHT and value for key, value in records) and not self._owns(path)
                dead = dead and not _is_alive(path)
                for key, value in records:
                    if not (dead and key == IN_FLIGHT):
                        totals[key] = totals.get(key, 0.0) + value
        return totals

    def _owns(self, path: Path) -> bool:
        return self._file is not None and Path(self._file.name) == path


def _read(path: Path) -> Iterator[tuple[str, float]]:
    try:
        data = path.read_bytes()
    except OSError:
        return
    for at in range(0, len(data) - _RECORD.size + 1, _RECORD.size):
        name, value = _RECORD.unpack_from(data, at)
        if not name[0]:
            return
        yield name.rstrip(b"\0").decode("utf-8", "replace"), value


def _is_alive(path: Path) -> bool:
    if fcntl is None:
        return True
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


@contextlib.contextmanager
def _shared_lock(folder: Path, *, exclusive: bool) -> Iterator[None]:
    """Keeps readers from seeing counters twice while a starting worker takes them over."""
    if fcntl is None:
        yield
        return
    with (folder / "lock").open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH)
        yield


def _plain(family: str, totals: dict[str, float], labels: str) -> list[str]:
    keys = sorted(key for key in totals if key.startswith(family))
    return [f"{_with_labels(key, labels)} {totals[key]:.17g}" for key in keys]


def _histogram(family: str, totals: dict[str, float], labels: str) -> list[str]:
    lines, count = [], 0.0
    for bound in _BOUNDS:
        key = f'{family}_bucket{{le="{bound}"}}'
        count += totals.get(key, 0.0)
        lines.append(f"{_with_labels(key, labels)} {count:.17g}")
    total = totals.get(f"{family}_sum", 0.0)
    return [*lines, f"{family}_sum{{{labels}}} {total:.17g}", f"{family}_count{{{labels}}} {count:.17g}"]


def _with_labels(key: str, labels: str) -> str:
    name, brace, rest = key.partition("{")
    return f"{name}{{{labels},{rest}" if brace else f"{name}{{{labels}}}"
