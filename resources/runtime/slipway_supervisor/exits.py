"""Why a worker is gone, in words: exit code, signal, or out of memory when there is evidence for it."""

from __future__ import annotations

import re
import signal
from pathlib import Path

ROOT = Path("/")


def oom_kills(root: Path = ROOT) -> int | None:
    """How many processes the kernel has killed for want of memory, as far as can be seen; None: unknown.

    Sources: cgroup v2 memory.events, cgroup v1 memory.oom_control, /proc/vmstat (whole machine).
    """
    counts = [_counter(path) for path in [*_cgroup_files(root), root / "proc/vmstat"]]
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def _cgroup_files(root: Path) -> list[Path]:
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return []
    files = []
    for _, controllers, path in (line.split(":", 2) for line in lines if line.count(":") >= 2):
        if controllers == "":
            files.append(root / "sys/fs/cgroup" / path.lstrip("/") / "memory.events")
        elif "memory" in controllers.split(","):
            files.append(root / "sys/fs/cgroup/memory" / path.lstrip("/") / "memory.oom_control")
    return files


def _counter(path: Path) -> int | None:
    try:
        found = re.search(r"^oom_kill (\d+)$", path.read_text(), re.MULTILINE)
    except OSError:
        return None
    return int(found.group(1)) if found else None


def explain(returncode: int, out_of_memory: bool) -> tuple[str, str]:
    """Code and sentence for a return code as `subprocess` gives it (negative: minus the signal's number)."""
    if returncode >= 0:
        return "WorkerExited", f"The worker process ended with exit code {returncode}."
    name = _signal_name(-returncode)
    if -returncode == signal.SIGKILL and out_of_memory:
        return "OutOfMemory", (
            f"The system ran out of memory and killed the worker process (signal {-returncode}, {name}). "
            "Free memory, lower the number of replicas, or use a smaller model."
        )
    return "WorkerKilled", f"The worker process was killed by signal {-returncode} ({name})."


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown"
