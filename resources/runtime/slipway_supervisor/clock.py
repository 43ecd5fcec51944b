"""Wall-clock time as it is written in the state, the releases and the log."""

from __future__ import annotations

from datetime import datetime, timezone


def now() -> str:
    """UTC in ISO 8601 with milliseconds, such as `2026-11-24T00:00:00.000Z`."""
    moment = datetime.now(timezone.utc)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
