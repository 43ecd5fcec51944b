"""Return values of user code as JSON values."""

from __future__ import annotations

import base64
import dataclasses
import datetime
import decimal
import enum
import uuid
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from .libraries import as_array, is_array, is_frame, is_series

_SCALARS = (str, int, float, bool, type(None))


class UnsupportedResult(Exception):  # noqa: N818 - reads as what it is
    """A return value of a type that has no form on the wire; the message names the type."""

    def __init__(self, value: Any) -> None:
        kind = f"{type(value).__module__}.{type(value).__qualname__}".replace("builtins.", "")
        super().__init__(
            f"predict returned {kind}, which cannot be sent. Return an array, a DataFrame, a number, text, "
            "a list, a dict or a dataclass of these"
        )


def to_plain(value: Any) -> Any:
    """The value in types that JSON knows. Arrays become nested lists, DataFrames lists of records, dataclasses and
    named tuples dicts, dates ISO 8601 text, bytes base64 text, enums their value. UnsupportedResult otherwise."""
    if type(value) in _SCALARS:
        return value
    if isinstance(value, Mapping):
        return {_key(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return to_plain(value._asdict())
    if isinstance(value, (list, tuple, set, frozenset)):
        return [to_plain(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    return _special(value)


def scalar(value: Any) -> Any:
    """A single value as str, int, float, bool, bytes or None; raises UnsupportedResult when it is none."""
    if type(value) in _SCALARS or type(value) is bytes:
        return value
    if type(value).__name__ in ("NAType", "NaTType"):  # pandas' missing values; NaT is a datetime too
        return None
    if isinstance(value, enum.Enum):
        return scalar(value.value)
    if isinstance(value, (datetime.date, datetime.time)):  # a datetime is a date
        return value.isoformat()
    if isinstance(value, (decimal.Decimal, uuid.UUID, PurePath)):
        return str(value)
    if type(value).__module__ == "numpy" and hasattr(value, "dtype") and not is_array(value):
        return _numpy_scalar(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    for kind in (str, int, float):  # subclasses, such as StrEnum-like types
        if isinstance(value, kind):
            return kind(value)
    raise UnsupportedResult(value)


def _special(value: Any) -> Any:
    if is_frame(value):
        columns = [str(name) for name in value.columns]
        lists = [to_plain(value.iloc[:, at].tolist()) for at in range(len(columns))]
        return [dict(zip(columns, row)) for row in zip(*lists)]
    if is_series(value):
        return to_plain(value.tolist())
    array = value if is_array(value) else None
    if array is None:
        try:
            found = scalar(value)
            return base64.b64encode(found).decode() if isinstance(found, bytes) else found
        except UnsupportedResult:
            array = as_array(value)
    if array is None:
        raise UnsupportedResult(value)
    if array.dtype.kind in "mM":
        array = array.astype(str)
    return array.tolist() if array.dtype.kind in "biufU" else to_plain(array.tolist())


def _numpy_scalar(value: Any) -> Any:
    kind = value.dtype.kind
    if kind in "mM":
        return str(value)
    if kind in "biufUS":
        return float(value) if kind == "f" else value.item()
    raise UnsupportedResult(value)


def _key(key: Any) -> str:
    if isinstance(key, str):
        return str(key)
    found = scalar(key)
    return found if isinstance(found, str) else str(found)
