"""One argument of `predict` from a tensor, from a JSON value or from the whole request, by the parameter's kind."""

from __future__ import annotations

from typing import Any

from .errors import BadRequest
from .frames import numpy_array, table_rows, to_frame, to_matrix, to_table
from .jsontext import kind_of
from .libraries import loaded, needed
from .model import Model
from .payload import Data, Inputs, Instances, Table, Tensors
from .signature import SCALARS, Parameter
from .tensors import Tensor


def whole(model: Model, parameter: Parameter, data: Data) -> Any:
    """All data of a request as one argument."""
    kind = parameter.kind
    if kind == "any":
        kind = _natural(data)
    if kind == "frame":
        return to_frame(model, data)
    if kind in ("array", "tensor"):
        return _finish(parameter, _array(model, data))
    if kind == "series":
        return needed("pandas").Series(_column(model, data))
    if kind == "list":
        return _list(model, parameter, data)
    value = _bare(data)
    return value if kind == "any" else from_value(parameter, value)


def element(parameter: Parameter, item: Any) -> Any:
    """One value for a scalar parameter; an integer serves as a float, nothing else is converted."""
    kind = SCALARS[parameter.kind]
    if kind is bytes and isinstance(item, str):
        return item.encode()
    if kind is float and type(item) is int:
        return float(item)
    if type(item) is not kind:
        raise BadRequest(f"Parameter '{parameter.name}' takes {kind.__name__}, the request has {_named(item)}")
    return item


def from_tensor(parameter: Parameter, tensor: Tensor) -> Any:
    """A tensor as one argument."""
    if parameter.is_scalar:
        flat = tensor.flat()
        if len(flat) != 1:
            raise BadRequest(f"Parameter '{parameter.name}' takes one value, its input has {len(flat)}")
        return element(parameter, flat[0])
    if parameter.kind in ("array", "tensor") or (
        parameter.kind == "any" and loaded("numpy") and tensor.datatype != "BYTES"
    ):
        return _finish(parameter, tensor.array())
    if parameter.kind == "series":
        return needed("pandas").Series(tensor.array().reshape(-1))
    if parameter.kind == "frame":
        return needed("pandas").DataFrame(tensor.array())
    nested = tensor.nested() if not parameter.raw else Tensor("", "BYTES", tensor.shape, _as_bytes(tensor)).nested()
    if parameter.kind == "dict":
        raise BadRequest(f"Parameter '{parameter.name}' takes a dict, which a tensor cannot give: use /invocations")
    return nested


def from_value(parameter: Parameter, value: Any) -> Any:
    """A JSON value as one argument."""
    kind = parameter.kind
    if parameter.is_scalar:
        return element(parameter, value)
    if kind in ("array", "tensor"):
        return _finish(parameter, numpy_array(value, None))
    if kind == "frame":
        return needed("pandas").DataFrame(value if isinstance(value, list) else _columns(value))
    if kind == "series":
        return needed("pandas").Series(value if isinstance(value, list) else [value])
    if kind in ("list", "dict") and not isinstance(value, list if kind == "list" else dict):
        raise BadRequest(f"Parameter '{parameter.name}' takes a {kind}, the request has {kind_of(value)}")
    return value


def _array(model: Model, data: Data) -> Any:
    like = model.inputs[0].datatype if model.inputs else None
    if isinstance(data, Tensors):
        return data.items[0].array() if len(data.items) == 1 else to_matrix(model, data.items)
    if isinstance(data, Inputs) and isinstance(data.value, dict) and len(data.value) == 1 and model.columns is None:
        return numpy_array(next(iter(data.value.values())), like)
    value = _bare(data)
    if (
        isinstance(data, Table)
        or isinstance(value, dict)
        or (isinstance(value, list) and value and isinstance(value[0], dict))
    ):
        value = table_rows(model, to_table(model, data))
    array = numpy_array(value, like)
    _check_width(model, array)
    return array


def _check_width(model: Model, array: Any) -> None:
    if len(model.inputs) != 1 or len(model.inputs[0].shape) != 2 or model.inputs[0].datatype == "BYTES":
        return
    wanted = model.inputs[0].shape
    if array.ndim != 2 or (wanted[1] != -1 and array.shape[1] != wanted[1]):
        raise BadRequest(f"The data has the shape {list(array.shape)}, the model takes {list(wanted)}")


def _list(model: Model, parameter: Parameter, data: Data) -> Any:
    example = model.example
    of_dicts = isinstance(example, list) and bool(example) and isinstance(example[0], dict)
    if isinstance(data, Tensors):
        if len(data.items) == 1 and not of_dicts:
            return from_tensor(parameter, data.items[0])
        columns = {tensor.name: tensor.nested() for tensor in data.items}
        data = Table(list(columns), [list(row) for row in zip(*columns.values())])
    if isinstance(data, Table):
        if of_dicts:
            return data.records()
        rows = table_rows(model, data)
        return [row[0] for row in rows] if len(data.columns) == 1 else rows
    value = _bare(data)
    if isinstance(value, dict) and len(value) == 1:
        (value,) = value.values()
    return from_value(parameter, value)


def _column(model: Model, data: Data) -> Any:
    if isinstance(data, Tensors):
        if len(data.items) != 1:
            raise BadRequest(f"predict takes one column, the request has {len(data.items)} inputs")
        return data.items[0].array().reshape(-1)
    table = to_table(model, data)
    if len(table.columns) != 1:
        raise BadRequest(f"predict takes one column, the request has {len(table.columns)}")
    return [row[0] for row in table.rows]


def _natural(data: Data) -> str:
    """What a parameter without annotation and example gets: a table as a DataFrame, numbers as an array."""
    if isinstance(data, Tensors):
        if len(data.items) == 1:
            return "array" if loaded("numpy") and data.items[0].datatype != "BYTES" else "list"
        return "frame" if loaded("pandas") else "list"
    if isinstance(data, Table):
        return "frame" if loaded("pandas") else "any"
    return "any"


def _bare(data: Data) -> Any:
    if isinstance(data, Instances):
        return data.items
    if isinstance(data, Inputs):
        return data.value
    return data.records() if isinstance(data, Table) else [tensor.nested() for tensor in data.items]


def _finish(parameter: Parameter, array: Any) -> Any:
    if parameter.kind != "tensor":
        return array
    torch = needed("torch")
    return torch.from_numpy(array)


def _as_bytes(tensor: Tensor) -> list[Any]:
    return [item.encode() if isinstance(item, str) else item for item in tensor.flat()]


def _columns(value: Any) -> Any:
    if not isinstance(value, dict):
        raise BadRequest(f"A table is wanted, the request has {kind_of(value)}")
    return {name: items if isinstance(items, list) else [items] for name, items in value.items()}


def _named(item: Any) -> str:
    return "bytes" if isinstance(item, bytes) else kind_of(item)
