"""A loaded model: what to call, with what, and what its metadata says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable

from .signature import Signature


@dataclass(frozen=True)
class Spec:
    """One tensor of the metadata; -1 stands for a dimension of any size."""

    name: str
    datatype: str
    shape: tuple[int, ...]

    def to_json(self) -> dict[str, Any]:
        """As the protocol's metadata writes it."""
        return {"name": self.name, "datatype": self.datatype, "shape": list(self.shape)}


@dataclass
class Model:
    """`columns` are the names the model was fitted with (or those of the example frame), in order; when `strict`,
    no other column is accepted. `dtypes` are the column types of the example frame; `floats` is its index of columns
    when all are float64, so that such a table is made in one step. `checks` is False when the datatypes of `inputs` are
    a guess: then only names are checked."""

    predict: Callable[..., Any]
    signature: Signature
    platform: str
    columns: list[Any] | None = None
    strict: bool = False
    dtypes: dict[Any, Any] = field(default_factory=dict)
    floats: Any = None
    checks: bool = True
    example: Any = None
    invocation: dict[str, Any] | None = None
    infer_example: dict[str, Any] | None = None
    inputs: list[Spec] = field(default_factory=list)
    outputs: list[Spec] = field(default_factory=list)
