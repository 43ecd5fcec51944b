"""Metadata of a model, learned from its input example and from what `predict` answered to it."""

from __future__ import annotations

from typing import Any

from .infer import example_request
from .libraries import is_frame
from .model import Model, Spec
from .outputs import Named, name_outputs
from .signature import Parameter


def input_tensors(parameters: tuple[Parameter, ...], example: Any) -> list[Named]:
    """The input example as the tensors that a client would send; empty when it has no such form."""
    try:
        if len(parameters) > 1 and isinstance(example, tuple):
            example = {parameter.name: value for parameter, value in zip(parameters, example)}
        tensors = name_outputs(example, parameters[0].name if parameters else "input")
    except Exception:
        return []
    return [] if any(tensor.content_type for tensor in tensors) else tensors


def specs_of(tensors: list[Named]) -> list[Spec]:
    """Names, datatypes and shapes; the first dimension counts rows and is of any size."""
    return [Spec(t.name, t.datatype, (-1, *t.shape[1:])) for t in tensors]


def learn_inputs(model: Model) -> None:
    """Fills inputs, columns and dtypes from the example, where the model did not bring its own."""
    example = model.example
    if example is None:
        return
    tensors = input_tensors(model.signature.data, example)
    if is_frame(example) and model.columns is None:
        model.columns = list(example.columns)
        model.dtypes = dict(example.dtypes.items())
        if model.columns == list(example.columns) and all(str(dtype) == "float64" for dtype in example.dtypes):
            model.floats = example.columns
    if not model.inputs:
        model.inputs = specs_of(tensors)
    model.infer_example = example_request(tensors) if tensors else None


def arguments_of(model: Model) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """How the example is passed: a dict that names parameters by name, a tuple of several in order, else as it is."""
    example, parameters = model.example, model.signature.data
    names = {parameter.name for parameter in parameters}
    if len(parameters) > 1 and isinstance(example, dict) and set(example) == names:
        return (), dict(example)
    if len(parameters) > 1 and isinstance(example, tuple):
        return tuple(example), {}
    if len(parameters) > 1 and is_frame(example) and set(example.columns) == names:
        return (), {name: example[name].to_numpy() for name in example.columns}
    return (example,) if parameters else (), {}
