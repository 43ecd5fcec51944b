"""Memory of a process from outside it (Linux; elsewhere workers report their own)."""

from __future__ import annotations

import re


def usage(pid: int) -> tuple[int, int] | None:
    """Resident bytes now and at most (VmRSS, VmHWM of proc(5)); None when the system does not tell."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
            text = file.read()
    except OSError:
        return None
    found = {key: int(value) * 1024 for key, value in re.findall(r"^(VmRSS|VmHWM):\s+(\d+) kB$", text, re.MULTILINE)}
    if len(found) != 2:
        return None
    return found["VmRSS"], found["VmHWM"]
