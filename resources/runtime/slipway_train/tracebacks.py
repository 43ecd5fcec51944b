"""The last error of the kernel as plain data, without the frames of IPython and of this package (Python
3.7+).
"""

from __future__ import annotations

import importlib.util
import os
import sys
import traceback
from collections.abc import Iterator
from typing import Any

import ipykernel
import IPython

_OWN = tuple(
    os.path.join(os.path.dirname(os.path.abspath(path)), "")
    for path in (IPython.__file__, ipykernel.__file__, __file__)
)


def last_error(filename: str) -> dict[str, Any]:
    """What IPython recorded last; see `describe`."""
    return describe(getattr(sys, "last_value", None), filename)


def forget() -> None:
    """Forget the last error, so that `with_shown_error` sees only those of the next cell."""
    sys.last_value = None


def with_shown_error(reply: dict[str, Any]) -> dict[str, Any]:
    """Fail a cell whose error was only shown: `%%time` before IPython 8.19 and `%run` go on after one."""
    error = getattr(sys, "last_value", None)
    if error is None or reply.get("status") != "ok":
        return reply
    return {
        **reply,
        "status": "error",
        "ename": type(error).__name__,
        "evalue": str(error),
        "traceback": plain(error),
    }


def describe(error: BaseException | None, filename: str) -> dict[str, Any]:
    """{"line": of the error in the code called `filename` | None, "traceback": [line], "chain": [{"ename",
    "evalue", "name", "installed"}]}: the chain runs from the error to what caused it; `name` is the module
    of a failed import and `installed` whether its top-level package can be found.
    """
    if error is None:
        return {"line": None, "traceback": [], "chain": []}
    return {
        "line": line_in(error, filename),
        "traceback": plain(error),
        "chain": [_link(link) for link in _chain(error)],
    }


def plain(error: BaseException) -> list[str]:
    """Lines of Python's own traceback."""
    summary = traceback.TracebackException(type(error), error, error.__traceback__)
    _strip(summary)
    return "".join(summary.format()).rstrip("\n").split("\n")


def line_in(error: BaseException, filename: str) -> int | None:
    """Line of the innermost frame of `filename`, for a syntax error the line of the error."""
    if isinstance(error, SyntaxError) and error.filename == filename:
        return error.lineno
    frames = [
        number for frame, number in traceback.walk_tb(error.__traceback__) if frame.f_code.co_filename == filename
    ]
    return frames[-1] if frames else None


def _strip(summary: Any) -> None:
    pending, seen = [summary], set()
    while pending:
        current = pending.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        if current.stack is not None:
            kept = [frame for frame in current.stack if not frame.filename.startswith(_OWN)]
            current.stack = traceback.StackSummary.from_list(kept)
        pending += [current.__cause__, current.__context__, *(getattr(current, "exceptions", None) or [])]


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__


def _link(error: BaseException) -> dict[str, Any]:
    name = getattr(error, "name", None) if isinstance(error, ImportError) else None
    return {
        "ename": type(error).__name__,
        "evalue": str(error),
        "name": name,
        "installed": bool(name) and _found(str(name)),
    }


def _found(module: str) -> bool:
    try:
        return importlib.util.find_spec(module.split(".")[0]) is not None
    except (ImportError, ValueError):
        return False
