"""Finds which value makes a snapshot impossible, and the way to it from `predict` (Python 3.7+)."""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Any

import cloudpickle

_DEPTH = 8


class Path:
    """`text` reads "`predict` → global `conn` (sqlite3.Connection)"; `variable` is the innermost named
    global.
    """

    def __init__(self, text: str, variable: str | None) -> None:
        self.text = text
        self.variable = variable


def find(roots: dict[str, Any]) -> Path | None:
    """The way to the first value that cannot be pickled; None when each can on its own."""
    for name, value in roots.items():
        if not _pickles(value):
            return _follow(f"`{name}`", value, name, set(), 0)
    return None


def _follow(text: str, value: Any, variable: str | None, seen: set[int], depth: int) -> Path:
    seen.add(id(value))
    if depth < _DEPTH:
        for label, name, part in _parts(value):
            if id(part) not in seen and not _pickles(part):
                kind = "" if isinstance(part, (types.FunctionType, types.MethodType)) else f" ({_kind(part)})"
                return _follow(f"{text} → {label}{kind}", part, name or variable, seen, depth + 1)
    return Path(text, variable)


def _parts(value: Any) -> Iterator[tuple[str, str | None, Any]]:
    """(label, name of a global, value) of what a value refers to."""
    if isinstance(value, types.MethodType):
        yield "object", None, value.__self__
    elif isinstance(value, types.FunctionType):
        yield from _parts_of_function(value)
    elif isinstance(value, dict):
        for key, item in list(value.items()):
            yield f"[{key!r}]", None, item
    elif isinstance(value, (list, tuple, set, frozenset)):
        for index, item in enumerate(value):
            yield "[%d]" % index, None, item
    elif isinstance(value, type):
        for name, item in list(vars(value).items()):
            yield f"attribute `{name}`", None, getattr(item, "__func__", item)
    else:
        for name, item in list(getattr(value, "__dict__", {}).items()):
            yield f"attribute `{name}`", None, item


def _parts_of_function(function: types.FunctionType) -> Iterator[tuple[str, str | None, Any]]:
    for name in _names(function.__code__):
        if name in function.__globals__:
            yield f"global `{name}`", name, function.__globals__[name]
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or ()):
        try:
            yield f"captured variable `{name}`", name, cell.cell_contents
        except ValueError:  # not bound yet
            continue
    for index, default in enumerate(function.__defaults__ or ()):
        yield "default value %d" % (index + 1), None, default


def _names(code: types.CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names(constant)


def _pickles(value: Any) -> bool:
    try:
        cloudpickle.dumps(value)
    except Exception:  # any class may raise anything in __reduce__ or __getstate__
        return False
    return True


def _kind(value: Any) -> str:
    kind = type(value)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
