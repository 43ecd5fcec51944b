"""HTTP answers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from .errors import HttpError

_JSON = (b"content-type", b"application/json")


@dataclass
class Answer:
    """Status, headers without content-length, body."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


class UserCodeError(HttpError):
    """An exception of the model's code: 500 with its message and its place in the notebook."""

    def __init__(self, message: str, cell: str | None, line: int | None) -> None:
        super().__init__(500, message)
        self.cell = cell
        self.line = line


def json_answer(value: Any, status: int = 200) -> Answer:
    """A JSON answer."""
    return Answer(status, [_JSON], json.dumps(value, separators=(",", ":")).encode())


def error_answer(error: HttpError) -> Answer:
    """{"error": message}, with cell and line of a model's exception."""
    body: dict[str, Any] = {"error": error.message}
    if isinstance(error, UserCodeError) and error.cell is not None:
        body.update(cell=error.cell, line=error.line)
    answer = json_answer(body, error.status)
    answer.headers.extend(error.headers)
    return answer
