"""From a request to the arguments of `predict`.

One data parameter gets all of the request; several get what bears their name. A parameter of a scalar kind (str, int,
float, bool, bytes) is called once for each row; all others once for the request.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .convert import element, from_tensor, from_value, whole
from .errors import BadRequest
from .model import Model
from .payload import Data, Inputs, Instances, Payload, Table, Tensors
from .shapes import check_all
from .signature import Parameter
from .tensors import Tensor

_SCALAR_TYPES = (str, int, float, bool, type(None))


@dataclass
class Calls:
    """Arguments of each call; `by_row` when the results are one for each row of the request."""

    arguments: list[tuple[tuple[Any, ...], dict[str, Any]]]
    by_row: bool


class Binder:
    """Binds requests for one model. Stateless but for what it looks up once."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._specs = {spec.name: spec for spec in model.inputs}
        self._names = {parameter.name for parameter in model.signature.data}

    def bind(self, payload: Payload) -> Calls:
        """The calls that a request means; BadRequest when it does not fit the signature."""
        keywords = self._keywords(payload)
        data = payload.data
        if isinstance(data, Tensors) and self._specs and self._model.checks:
            data = Tensors(check_all(data.items, self._specs))
        parameters = self._model.signature.data
        if not parameters:
            return Calls([((), keywords)], by_row=False)
        if len(parameters) > 1:
            return self._by_name(data, keywords)
        return self._alone(parameters[0], data, keywords)

    def _keywords(self, payload: Payload) -> dict[str, Any]:
        if not payload.params:
            return {}
        signature = self._model.signature
        known = {
            n: v for n, v in payload.params.items() if n in signature.keywords or (signature.open and payload.strict)
        }
        if payload.strict and len(known) != len(payload.params):
            name = next(name for name in payload.params if name not in known)
            listed = ", ".join(sorted(signature.keywords)) or "none"
            raise BadRequest(f"predict has no keyword parameter '{name}' for params (it has: {listed})")
        return known

    def _alone(self, parameter: Parameter, data: Data, keywords: dict[str, Any]) -> Calls:
        items = self._items(parameter, data)
        if items is None:
            return Calls([((whole(self._model, parameter, data),), keywords)], by_row=False)
        return Calls([((item,), keywords) for item in items], by_row=True)

    def _items(self, parameter: Parameter, data: Data) -> list[Any] | None:
        """One argument a row, or None when the parameter takes the request as a whole."""
        if parameter.kind == "dict":
            return self._dicts(data)
        if not parameter.is_scalar:
            return None
        if isinstance(data, Tensors):
            if len(data.items) != 1:
                raise BadRequest(f"predict takes one value, the request has {len(data.items)} inputs")
            return [element(parameter, item) for item in data.items[0].flat()]
        if isinstance(data, Table):
            if len(data.columns) != 1:
                raise BadRequest(f"predict takes one value, the table has {len(data.columns)} columns")
            return [element(parameter, row[0]) for row in data.rows]
        value = data.items if isinstance(data, Instances) else data.value
        if isinstance(value, dict) and len(value) == 1:
            (value,) = value.values()
        if not isinstance(value, list):
            return None
        return [element(parameter, _only(item)) for item in value]

    def _dicts(self, data: Data) -> list[Any] | None:
        """Dicts row by row, when the example (or else the request) holds one scalar for each key."""
        if isinstance(data, Table):
            return data.records()
        if isinstance(data, Instances):
            if not all(isinstance(item, dict) for item in data.items):
                raise BadRequest("predict takes a dict: each of 'instances' must be an object")
            return data.items
        if isinstance(data, Inputs):
            if not isinstance(data.value, dict):
                raise BadRequest("predict takes a dict: 'inputs' must be an object")
            return None
        example = self._model.example
        if isinstance(example, dict) and not all(isinstance(value, _SCALAR_TYPES) for value in example.values()):
            return None
        columns = {tensor.name: tensor.flat() for tensor in data.items}
        if len({len(values) for values in columns.values()}) != 1:
            return None
        return [dict(zip(columns, row)) for row in zip(*columns.values())]

    def _by_name(self, data: Data, keywords: dict[str, Any]) -> Calls:
        if isinstance(data, Instances):
            if not all(isinstance(item, dict) for item in data.items):
                listed = ", ".join(sorted(self._names))
                raise BadRequest(f"predict takes several parameters: each instance must be an object with {listed}")
            return Calls([((), {**self._values(item), **keywords}) for item in data.items], by_row=True)
        sources = self._sources(data)
        parameters = self._model.signature.data
        rows = _row_count([sources[p.name] for p in parameters if p.is_scalar])
        if rows is None:
            return Calls([((), {**self._values(sources), **keywords})], by_row=False)
        split = {name: _split(name, source, rows) for name, source in sources.items()}
        calls = [self._values({name: items[row] for name, items in split.items()}) for row in range(rows)]
        return Calls([((), {**values, **keywords}) for values in calls], by_row=True)

    def _sources(self, data: Data) -> dict[str, Any]:
        sources: dict[str, Any] = {}
        if isinstance(data, Tensors):
            sources = {tensor.name: tensor for tensor in data.items}
        elif isinstance(data, Table):
            sources = {str(name): data.column(name) for name in data.columns}
        elif isinstance(data, Inputs) and isinstance(data.value, dict):
            sources = data.value
        else:
            listed = ", ".join(sorted(self._names))
            raise BadRequest(f"predict takes several parameters: 'inputs' must be an object with {listed}")
        self._check_names(sources)
        return sources

    def _values(self, sources: dict[str, Any]) -> dict[str, Any]:
        self._check_names(sources)
        values = {}
        for parameter in self._model.signature.data:
            source = sources[parameter.name]
            convert = from_tensor if isinstance(source, Tensor) else from_value
            values[parameter.name] = convert(parameter, source)
        return values

    def _check_names(self, given: dict[str, Any]) -> None:
        if given.keys() == self._names:
            return
        missing = sorted(self._names - given.keys())
        if missing:
            raise BadRequest(f"predict needs the inputs that are missing: {', '.join(missing)}")
        unknown = next(name for name in given if name not in self._names)
        raise BadRequest(f"predict has no parameter '{unknown}'. It takes: {', '.join(sorted(self._names))}")


def _only(item: Any) -> Any:
    if isinstance(item, dict) and len(item) == 1:
        (item,) = item.values()
    return item


def _row_count(scalar_sources: list[Any]) -> int | None:
    """How many rows the sources of scalar parameters hold; None when one call takes them all."""
    for source in scalar_sources:
        if isinstance(source, Tensor):
            return len(source.flat())
        if isinstance(source, list):
            return len(source)
    return None


def _split(name: str, source: Any, rows: int) -> list[Any]:
    items = source.nested() if isinstance(source, Tensor) else source
    if not isinstance(items, list):
        return [items] * rows
    if len(items) != rows:
        raise BadRequest(f"Input '{name}' has {len(items)} rows, others have {rows}")
    return [item[0] if isinstance(item, list) and len(item) == 1 else item for item in items]
