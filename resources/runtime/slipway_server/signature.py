"""What `predict` wants: its data parameters with their kinds, and the keyword parameters that `params` may set."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Callable

from .libraries import is_array, is_frame, is_series

SCALARS = {"str": str, "int": int, "float": float, "bool": bool, "bytes": bytes}
_WRAPPER = re.compile(r"^(typing\.)?(Optional|Annotated|Final)\[(.*)\]$")
_LISTS = ("list", "List", "Sequence", "Iterable", "Collection", "MutableSequence", "tuple", "Tuple")
_DICTS = ("dict", "Dict", "Mapping", "MutableMapping", "OrderedDict", "TypedDict")


@dataclass(frozen=True)
class Parameter:
    """A data parameter. `kind`: frame, series, array, tensor, list, dict, str, int, float, bool, bytes or any."""

    name: str
    kind: str
    raw: bool = False  # BYTES elements stay bytes

    @property
    def is_scalar(self) -> bool:
        """Whether one call takes one element."""
        return self.kind in SCALARS


@dataclass(frozen=True)
class Signature:
    """`data` in order; `keywords` are names that params may set; `open` when predict takes **kwargs."""

    data: tuple[Parameter, ...]
    keywords: frozenset[str] = frozenset()
    open: bool = False


def signature_of(
    predict: Callable[..., Any], annotations: Mapping[str, str | None], skip: int, example: Any
) -> Signature:
    """Reads the signature without its first `skip` parameters (the bound state).

    Data parameters are those without a default and those that a dict example names; without any, the first one.
    `annotations` stand in where the function itself has none.
    """
    parameters = list(inspect.signature(predict).parameters.values())
    named = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)][skip:]
    by_example = set(example) if isinstance(example, Mapping) else set()
    data = [p for p in named if p.default is p.empty]
    if len(named) > 1 and by_example and by_example <= {p.name for p in named}:
        data = [p for p in named if p.default is p.empty or p.name in by_example]
    data = data or named[:1]
    alone = len(data) == 1
    found = tuple(
        parameter_of(p.name, _annotation(p, annotations), _example_for(p.name, example, at, alone))
        for at, p in enumerate(data)
    )
    keywords = frozenset(p.name for p in named if p not in data and p.kind != p.POSITIONAL_ONLY)
    return Signature(found, keywords, any(p.kind == p.VAR_KEYWORD for p in parameters))


def parameter_of(name: str, annotation: str, example: Any) -> Parameter:
    """The kind follows the annotation, else the type of the example, else `any`."""
    kind = _kind_of_text(annotation)
    if kind == "any" and example is not None:
        kind = _kind_of_value(example)
    return Parameter(name, kind, raw="bytes" in annotation or _holds_bytes(example))


def _annotation(parameter: inspect.Parameter, fallback: Mapping[str, str | None]) -> str:
    given = parameter.annotation
    if given is parameter.empty:
        return fallback.get(parameter.name) or ""
    if isinstance(given, type) and not hasattr(given, "__origin__"):
        if issubclass(given, dict):
            return "dict"
        return f"{given.__module__}.{given.__qualname__}"
    return str(given)


def _example_for(name: str, example: Any, at: int, alone: bool) -> Any:
    if alone:
        return example
    if isinstance(example, Mapping):
        return example.get(name)
    return example[at] if isinstance(example, tuple) and at < len(example) else None


def _kind_of_text(annotation: str) -> str:
    text = annotation.strip().strip("'\"")
    wrapped = _WRAPPER.match(text)
    if wrapped:
        text = wrapped.group(3)
    text = re.sub(r"\s*\|\s*None$", "", text)
    head = text.partition("[")[0].rpartition(".")[2]
    if head in ("DataFrame", "Series", "Tensor"):
        return {"DataFrame": "frame", "Series": "series", "Tensor": "tensor"}[head]
    if head in ("ndarray", "NDArray", "ArrayLike"):
        return "array"
    if head in _LISTS or head in _DICTS:
        return "list" if head in _LISTS else "dict"
    return head if head in SCALARS else "any"


def _kind_of_value(example: Any) -> str:
    if is_frame(example):
        return "frame"
    if is_series(example):
        return "series"
    if is_array(example):
        return "array"
    if type(example).__name__ == "Tensor":
        return "tensor"
    if isinstance(example, Mapping):
        return "dict"
    if isinstance(example, (list, tuple)):
        return "list"
    name = type(example).__name__
    return name if name in SCALARS else "any"


def _holds_bytes(example: Any) -> bool:
    while isinstance(example, (list, tuple)) and example:
        example = example[0]
    return isinstance(example, bytes)
