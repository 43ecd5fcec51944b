"""The one kind of error that a client is shown: a stable code, a sentence, and facts beside it."""

from __future__ import annotations

from typing import Any


class OperationError(Exception):
    """An operation that could not be done. `code` is stable, `message` says what, why and what to do next."""

    def __init__(self, code: str, message: str, **details: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = details

    def to_json(self) -> dict[str, Any]:
        """The `error` member of a reply."""
        return {"code": self.code, "message": self.message, **self.details}
