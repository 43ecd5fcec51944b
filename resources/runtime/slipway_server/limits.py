"""What one worker accepts: request size, time per prediction, requests at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Limits:
    """`request_bytes` bounds a body before and after decompression; `concurrency` counts running and waiting."""

    request_bytes: int = 67_108_864
    timeout_seconds: float = 60.0
    concurrency: int = 64
    threads: int = 1

    @staticmethod
    def of(given: Mapping[str, Any]) -> Limits:
        """From `limits` of bundle.json, each member optional. ValueError names the one that is no positive number."""
        default = Limits()
        return Limits(
            int(_positive(given, "requestBytes", default.request_bytes)),
            float(_positive(given, "timeoutSeconds", default.timeout_seconds)),
            int(_positive(given, "concurrency", default.concurrency)),
            int(_positive(given, "threads", default.threads)),
        )


def _positive(given: Mapping[str, Any], name: str, default: float) -> float:
    value = given.get(name, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0:
        raise ValueError(f"limits.{name} must be a positive number, not {value!r}")
    return value
