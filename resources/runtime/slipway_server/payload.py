"""What a request brings, independent of its protocol; `binding` turns it into the arguments of `predict`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Union

from .errors import BadRequest
from .tensors import Tensor


@dataclass
class Tensors:
    """Inputs of /infer, in the order of the request."""

    items: list[Tensor]


@dataclass
class Table:
    """Rows with named columns: dataframe_records, dataframe_split, text/csv."""

    columns: list[Any]
    rows: list[list[Any]]
    index: list[Any] | None = None

    def column(self, name: str) -> list[Any]:
        """The values of one column."""
        at = self.columns.index(name)
        return [row[at] for row in self.rows]

    def records(self) -> list[dict[str, Any]]:
        """One dict for each row."""
        return [dict(zip(self.columns, row)) for row in self.rows]


@dataclass
class Instances:
    """`instances`: one element for each prediction."""

    items: list[Any]


@dataclass
class Inputs:
    """`inputs`: any JSON value, passed as it stands where the parameter allows."""

    value: Any


Data = Union[Tensors, Table, Instances, Inputs]


@dataclass
class Payload:
    """Data for the model and `params` for its keyword parameters; unknown params are refused when `strict`."""

    data: Data
    params: dict[str, Any] = field(default_factory=dict)
    strict: bool = True


def table_of_records(records: list[Any], what: str) -> Table:
    """A table from dicts; absent members are None. BadRequest when an element is no object."""
    columns: dict[str, None] = {}
    for record in records:
        if not isinstance(record, dict):
            raise BadRequest(f"{what} must be an array of objects")
        columns.update(dict.fromkeys(record))
    names = list(columns)
    return Table(names, [[record.get(name) for name in names] for record in records])
