"""DataFrames and matrices for models that take them, with the columns in the order of the fit."""

from __future__ import annotations

from typing import Any

from .errors import BadRequest
from .jsontext import kind_of
from .libraries import loaded, needed
from .model import Model
from .payload import Data, Inputs, Instances, Table, Tensors, table_of_records
from .tensors import Tensor


def to_frame(model: Model, data: Data) -> Any:
    """A DataFrame with the model's columns. BadRequest when columns are missing, unknown or of another type."""
    pandas = needed("pandas")
    if isinstance(data, Tensors):
        return _frame_of_tensors(pandas, model, data.items)
    table = to_table(model, data)
    quick = _of_floats(pandas, model, table)
    if quick is not None:
        return quick
    try:
        frame = pandas.DataFrame(table.rows, columns=table.columns, index=table.index)
    except (ValueError, TypeError) as error:
        raise BadRequest(f"The rows do not make a table: {error}") from None
    return _fit(pandas, model, frame)


def _of_floats(pandas: Any, model: Model, table: Table) -> Any:
    """The same frame as from a list of rows, in a tenth of the time; None where the values are no plain floats."""
    if model.floats is None or table.index is not None or table.columns != model.columns:
        return None
    try:
        array = needed("numpy").array(table.rows)
    except ValueError:
        return None
    if array.dtype != "float64" or array.ndim != 2:
        return None
    return pandas.DataFrame(array, columns=model.floats.view())


def to_table(model: Model, data: Data) -> Table:
    """Any JSON form of rows as a table; rows without names get the model's columns when their number fits."""
    if isinstance(data, Table):
        return data
    if isinstance(data, Inputs) and isinstance(data.value, dict):
        return _of_columns(data.value)
    rows = data.items if isinstance(data, Instances) else data.value if isinstance(data, Inputs) else None
    if not isinstance(rows, list):
        raise BadRequest(f"The model takes a table: send rows or named columns, not {kind_of(rows)}")
    if rows and isinstance(rows[0], dict):
        return table_of_records(rows, "The rows")
    if rows and not isinstance(rows[0], list):
        rows = [[item] for item in rows]
    width = len(rows[0]) if rows else len(model.columns or ())
    if any(not isinstance(row, list) or len(row) != width for row in rows):
        raise BadRequest(f"The rows must all be arrays of {width} values")
    return Table(_names(model, width), rows)


def to_matrix(model: Model, tensors: list[Tensor]) -> Any:
    """One 2-D array of several named columns, each of the shape [n] or [n, 1], in the model's order."""
    numpy = needed("numpy")
    columns = {tensor.name: _vector(tensor) for tensor in tensors}
    _same_length(columns)
    names = _ordered(model, list(columns))
    return numpy.column_stack([columns[name] for name in names])


def table_rows(model: Model, table: Table) -> list[list[Any]]:
    """The rows of a table with its columns in the model's order."""
    names = _ordered(model, table.columns)
    if names == table.columns:
        return table.rows
    at = [table.columns.index(name) for name in names]
    return [[row[i] for i in at] for row in table.rows]


def _frame_of_tensors(pandas: Any, model: Model, tensors: list[Tensor]) -> Any:
    first = tensors[0]
    if len(tensors) == 1 and len(first.shape) == 2 and (first.shape[1] != 1 or first.name not in (model.columns or ())):
        frame = pandas.DataFrame(first.array(), columns=_names(model, first.shape[1]))
    elif len(tensors) == 1 and len(first.shape) > 2:
        raise BadRequest(f"Input '{first.name}' has the shape {list(first.shape)}, but a table has two dimensions")
    else:
        columns = {tensor.name: _vector(tensor) for tensor in tensors}
        _same_length(columns)
        if model.floats is not None and list(columns) == model.columns and _all_floats(tensors):
            array = needed("numpy").column_stack(list(columns.values()))
            return pandas.DataFrame(array, columns=model.floats.view())
        frame = pandas.DataFrame(columns)
    return _fit(pandas, model, frame)


def _all_floats(tensors: list[Tensor]) -> bool:
    return all(tensor.datatype == "FP64" for tensor in tensors)


def _vector(tensor: Tensor) -> Any:
    shape = tensor.shape
    if not (len(shape) == 1 or (len(shape) == 2 and shape[1] == 1)):
        raise BadRequest(f"Input '{tensor.name}' has the shape {list(shape)}: a column has the shape [n] or [n, 1]")
    return tensor.array().reshape(-1)


def _same_length(columns: dict[str, Any]) -> None:
    sizes = {len(values) for values in columns.values()}
    if len(sizes) > 1:
        listed = ", ".join(f"{name}: {len(values)}" for name, values in columns.items())
        raise BadRequest(f"The columns differ in length ({listed})")


def _of_columns(value: dict[str, Any]) -> Table:
    columns = {name: items if isinstance(items, list) else [items] for name, items in value.items()}
    _same_length(columns)
    return Table(list(columns), [list(row) for row in zip(*columns.values())])


def _names(model: Model, width: int) -> list[Any]:
    if model.columns is None:
        return list(range(width))
    if len(model.columns) != width:
        listed = ", ".join(str(name) for name in model.columns)
        raise BadRequest(f"The rows have {width} values, the model takes {len(model.columns)}: {listed}")
    return model.columns


def _ordered(model: Model, names: list[Any]) -> list[Any]:
    """The model's columns, then those it does not know in the order given."""
    if model.columns is None or names == model.columns:
        return names
    given = set(names)
    missing = [str(name) for name in model.columns if name not in given]
    if missing:
        raise BadRequest(f"The model needs the columns that are missing: {', '.join(missing)}")
    known = set(model.columns)
    more = [name for name in names if name not in known]
    if more and model.strict:
        listed = ", ".join(str(name) for name in model.columns)
        raise BadRequest(f"The model does not know the column '{more[0]}'. It takes: {listed}")
    return model.columns + more


def _fit(pandas: Any, model: Model, frame: Any) -> Any:
    names = list(frame.columns)
    if model.columns is None:
        return frame
    if names != model.columns:
        frame = frame[_ordered(model, names)]
    for name, wanted in model.dtypes.items():
        found = frame[name].dtype
        if found != wanted:
            frame = _cast(pandas, frame, name, found, wanted)
    return frame


def _cast(pandas: Any, frame: Any, name: Any, found: Any, wanted: Any) -> Any:
    """Brings a column to the type of the example where nothing is lost: JSON has neither dates nor categories."""
    kind = getattr(wanted, "kind", "O")
    if kind in "iufb":
        if getattr(found, "kind", "O") in "iufb" or frame[name].isna().all():
            return frame.astype({name: wanted}) if kind == "f" else frame
        if not all(item is None or isinstance(item, (int, float)) for item in frame[name]):
            raise BadRequest(f"Column '{name}' must hold numbers")
        return frame.assign(**{str(name): pandas.to_numeric(frame[name])}) if isinstance(name, str) else frame
    if kind in "mM" or str(wanted) == "category":
        try:
            return frame.astype({name: wanted})
        except (ValueError, TypeError):
            raise BadRequest(f"Column '{name}' cannot be read as {wanted}") from None
    return frame


def numpy_array(value: Any, like: str | None) -> Any:
    """A rectangular array of a JSON value; integers become floats where the model takes floats (`like`)."""
    numpy = loaded("numpy") or needed("numpy")
    try:
        array = numpy.array(value)
    except ValueError:
        array = None
    if array is None or (array.dtype.kind == "O" and like != "BYTES"):
        raise BadRequest("The data must be numbers in nested arrays of equal length")
    if array.dtype.kind == "U":
        if like is not None and like != "BYTES":
            raise BadRequest(f"The model takes numbers ({like}) and the data holds text")
        return array.astype(object)
    return array.astype("f8") if like and like.startswith("FP") and array.dtype.kind in "iu" else array
