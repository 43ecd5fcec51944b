"""The error that ends a run for a reason in the user's project, as plain data (Python 3.7+)."""

from __future__ import annotations

from typing import Any


class Failure(Exception):
    """`details` are the fields of the event `failed`: code, message and what else is known."""

    def __init__(self, code: str, message: str, **details: Any) -> None:
        super().__init__(message)
        self.details = {
            "code": code,
            "message": message,
            **{key: value for key, value in details.items() if value is not None},
        }
