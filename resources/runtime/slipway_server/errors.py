"""Errors of the server and where in the notebook an exception of user code came from."""

from __future__ import annotations

import traceback
from pathlib import Path
from types import TracebackType

_OWN_FOLDER = str(Path(__file__).resolve().parent)


class HttpError(Exception):
    """Ends a request with `status` and the body {"error": message}; `headers` are added to the answer."""

    def __init__(self, status: int, message: str, headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers


class BadRequest(HttpError):  # noqa: N818 - named as the status is
    """The request itself is wrong: 400."""

    def __init__(self, message: str) -> None:
        super().__init__(400, message)


class ClientGone(Exception):  # noqa: N818 - no error: nobody is left to answer
    """The client closed the connection before its request was complete."""


class ModelLoadError(Exception):
    """The bundle could not be brought to readiness.

    `code` is one of ArtifactCorrupt, PythonMismatch, ModuleMissing, LoadFailed, ExampleFailed, SecretMissing,
    EntryUnsupported. `cell` and `line` (1-based) tell the notebook cell when the cause lies in one.
    """

    def __init__(
        self, code: str, message: str, traceback: str = "", cell: str | None = None, line: int | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.traceback = traceback
        self.cell = cell
        self.line = line


def load_error(code: str, doing: str, error: BaseException) -> ModelLoadError:
    """A ModelLoadError for what user code raised while `doing`; a missing module always is ModuleMissing."""
    cell, line = cell_of(error)
    text = traceback_of(error)
    if isinstance(error, ModuleNotFoundError) and error.name:
        message = (
            f"{doing} needs the module '{error.name}', which is not installed in the model's environment. "
            "Add the package that provides it to the project's dependencies and deploy again."
        )
        return ModelLoadError("ModuleMissing", message, text, cell, line)
    return ModelLoadError(code, f"{doing} failed: {describe(error)}", text, cell, line)


def describe(error: BaseException) -> str:
    """'ValueError: text', as the last line of a traceback."""
    try:
        text = str(error)
    except Exception:
        text = "(its message could not be read)"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def cell_of(error: BaseException) -> tuple[str | None, int | None]:
    """Cell id and 1-based line of the innermost notebook frame, whose file is named `notebook.ipynb#cell-id`."""
    cell: str | None = None
    line: int | None = None
    tb = error.__traceback__
    while tb is not None:
        _, mark, cell_id = tb.tb_frame.f_code.co_filename.partition(".ipynb#")
        if mark:
            cell, line = cell_id, tb.tb_lineno
        tb = tb.tb_next
    return cell, line


def traceback_of(error: BaseException) -> str:
    """The traceback as Python prints it, without the server's own frames above the user's code."""
    tb: TracebackType | None = error.__traceback__
    while tb is not None and tb.tb_next is not None and _is_own(tb):
        tb = tb.tb_next
    return "".join(traceback.format_exception(type(error), error, tb))


def _is_own(tb: TracebackType) -> bool:
    return tb.tb_frame.f_code.co_filename.startswith(_OWN_FOLDER)
