"""Checked values from a client's request. Each raises OperationError BadRequest when the value is wrong."""

from __future__ import annotations

from typing import Any

from .errors import OperationError

MAX_REPLICAS = 64
READY_SECONDS = 300.0
"""How long a model may take to load when the client does not say."""


def replica_count(value: Any, default: int) -> int:
    """A number of workers."""
    return number(value, 1, MAX_REPLICAS, "number of replicas") or default


def number(value: Any, least: int, most: int, what: str) -> int | None:
    """A whole number in a range, None when it was not given."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise OperationError("BadRequest", f"{value!r} is not a {what} from {least} to {most}.")
    return value


def ready_seconds(value: Any) -> float:
    """How long the workers of a new release may take to load."""
    if value is None:
        return READY_SECONDS
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= 86400:
        raise OperationError("BadRequest", f"{value!r} is not a number of seconds up to 86400.")
    return float(value)
