"""Return values of `predict` as named output tensors.

One array, list or scalar is the output `predict`; a DataFrame is one output for each column; a dict whose values are
scalars, arrays or flat lists is one output for each key; a tuple of arrays is output_0, output_1, …; any other value
that JSON can express is one BYTES element holding that JSON. Scalars have the shape [1].
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from .jsontext import dump
from .libraries import as_array, is_array, is_frame, is_series, loaded
from .plain import UnsupportedResult, scalar, to_plain
from .tensors import Tensor, datatype_of

OUTPUT = "predict"
_PYTHON = {bool: "BOOL", int: "INT64", float: "FP64", str: "BYTES", bytes: "BYTES"}


class Named(Tensor):
    """An output; `content_type` is set for a BYTES element that holds JSON."""

    __slots__ = ("content_type",)

    def __init__(self, name: str, datatype: str, shape: tuple[int, ...], values: Any, content_type: str = "") -> None:
        super().__init__(name, datatype, shape, values)
        self.content_type = content_type


def name_outputs(result: Any, name: str = OUTPUT) -> list[Named]:
    """The outputs of a return value; UnsupportedResult names a type that has no form on the wire."""
    if is_array(result):
        return [_of_array(name, result)]
    if is_frame(result):
        return [_of_array(str(c), _column(result.iloc[:, at])) for at, c in enumerate(result.columns)]
    if is_series(result):
        return [_of_array(str(result.name) if result.name is not None else name, _column(result))]
    if isinstance(result, tuple) and hasattr(result, "_asdict"):
        result = result._asdict()
    elif dataclasses.is_dataclass(result) and not isinstance(result, type):
        result = {field.name: getattr(result, field.name) for field in dataclasses.fields(result)}
    if isinstance(result, Mapping):
        return _of_dict(name, result)
    if isinstance(result, (list, tuple)):
        return _of_list(name, result)
    return _of_value(name, result)


def name_rows(results: list[Any], name: str = OUTPUT) -> list[Named]:
    """The outputs of one call for each row: equal shapes are stacked, anything else is one JSON text a row."""
    if results and all(is_array(item) and item.shape == results[0].shape for item in results):
        return [_of_array(name, loaded("numpy").stack(results))]
    if len(results) == 1 and not isinstance(results[0], (list, tuple)):
        return name_outputs(results[0], name)
    found = _of_list(name, [to_plain(item) if dataclasses.is_dataclass(item) else item for item in results])
    if not found[0].content_type:
        return found
    texts = [dump(to_plain(item)).decode() for item in results]
    return [Named(name, "BYTES", (len(texts),), texts, "application/json")]


def _of_value(name: str, value: Any) -> list[Named]:
    array = as_array(value) if not isinstance(value, (str, int, float, bytes)) else None
    if array is not None:
        return [_of_array(name, array if array.ndim else array.reshape(1))]
    found = scalar(value) if not isinstance(value, (set, frozenset)) else None
    datatype = _PYTHON.get(type(found))
    return [Named(name, datatype, (1,), [found])] if datatype else [_of_json(name, value)]


def _of_array(name: str, array: Any) -> Named:
    datatype = datatype_of(array.dtype)
    if datatype is not None:
        return Named(name, datatype, array.shape if array.ndim else (1,), array)
    kind = array.dtype.kind
    shape = tuple(array.shape) or (1,)
    if kind in "OUSmM":
        flat = array.astype(str).ravel().tolist() if kind in "mM" else array.ravel().tolist()
        datatype, flat = _of_elements(flat)
        if datatype is None:
            return _of_json(name, array)
        return Named(name, datatype, shape, flat)
    if kind == "f":  # extended precision
        return Named(name, "FP64", shape, array.astype("<f8"))
    raise UnsupportedResult(array.dtype.type(0))


def _column(series: Any) -> Any:
    array = series.to_numpy()
    return array.astype(str) if array.dtype.kind in "mM" else array


def _of_dict(name: str, result: Mapping[Any, Any]) -> list[Named]:
    found: list[Named] = []
    for key, value in result.items():
        outputs = name_outputs(value, str(key)) if not isinstance(value, (Mapping, set)) else []
        if len(outputs) != 1 or outputs[0].content_type or value is None:
            return [_of_json(name, result)]
        outputs[0].name = str(key)
        found += outputs
    return found or [_of_json(name, result)]


def _of_list(name: str, result: list[Any] | tuple[Any, ...]) -> list[Named]:
    if isinstance(result, tuple) and result and all(is_array(item) for item in result):
        return [_of_array(f"output_{at}", item) for at, item in enumerate(result)]
    rows = _of_records(result)
    if rows is not None:
        return rows
    flat, shape = _rectangle(list(result))
    if flat is None:
        return [_of_json(name, result)]
    datatype, flat = _of_elements(flat)
    return [Named(name, datatype, shape, flat)] if datatype else [_of_json(name, result)]


def _of_records(rows: list[Any] | tuple[Any, ...]) -> list[Named] | None:
    """Dicts of scalars with the same keys and types: one output for each key."""
    if not rows or not all(isinstance(row, Mapping) and row.keys() == rows[0].keys() for row in rows):
        return None
    found = []
    for key in rows[0]:
        try:
            datatype, flat = _of_elements([row[key] for row in rows])
        except UnsupportedResult:
            return None
        if datatype is None:
            return None
        found.append(Named(str(key), datatype, (len(flat),), flat))
    return found or None


def _rectangle(value: list[Any]) -> tuple[list[Any] | None, tuple[int, ...]]:
    shape = [len(value)]
    while value and isinstance(value[0], (list, tuple)):
        size = len(value[0])
        if any(not isinstance(item, (list, tuple)) or len(item) != size for item in value):
            return None, ()
        shape.append(size)
        value = [element for item in value for element in item]
    return value, tuple(shape)


def _of_elements(values: list[Any]) -> tuple[str | None, list[Any]]:
    """Datatype and plain elements of values of one kind; ints among floats count as floats."""
    if not values:
        return "FP64", values
    if any(isinstance(item, (Mapping, list, tuple, set)) or is_array(item) for item in values):
        return None, values
    flat = [scalar(item) for item in values]
    kinds = {_PYTHON.get(type(item)) for item in flat}
    if kinds == {"INT64", "FP64"}:
        return "FP64", [float(item) for item in flat]
    if kinds == {"INT64"} and not all(-(2**63) <= item < 2**63 for item in flat):
        return None, values
    return (kinds.pop() if len(kinds) == 1 else None), flat


def _of_json(name: str, value: Any) -> Named:
    return Named(name, "BYTES", (1,), [dump(to_plain(value)).decode()], "application/json")
