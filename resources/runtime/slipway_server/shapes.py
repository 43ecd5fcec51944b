"""Input tensors against the metadata: what surely does not fit ends here and not inside the model."""

from __future__ import annotations

from collections.abc import Mapping

from .errors import BadRequest
from .model import Spec
from .tensors import Tensor


def check(tensor: Tensor, spec: Spec) -> Tensor:
    """The tensor, with [n, 1] made [n] where the model takes a vector. BadRequest for text instead of numbers (or
    the reverse), another rank, or another number of features. Sizes of rank 3 and more are left to the model."""
    if (tensor.datatype == "BYTES") != (spec.datatype == "BYTES"):
        raise BadRequest(f"Input '{tensor.name}' has the datatype {tensor.datatype}, the model takes {spec.datatype}")
    shape, wanted = tensor.shape, spec.shape
    if shape == wanted or (len(wanted) == len(shape) == 2 and shape[1] == wanted[1]):
        return tensor
    if len(wanted) == 1 and len(shape) == 2 and shape[1] == 1:
        values = tensor.values if isinstance(tensor.values, list) else tensor.values.reshape(shape[0])
        return Tensor(tensor.name, tensor.datatype, shape[:1], values)
    if len(shape) != len(wanted) or (len(wanted) == 2 and wanted[1] != -1):
        raise BadRequest(f"Input '{tensor.name}' has the shape {list(shape)}, the model takes {list(wanted)}")
    return tensor


def check_all(tensors: list[Tensor], specs: Mapping[str, Spec]) -> list[Tensor]:
    """Checks each tensor whose name the metadata knows; a lone tensor is checked against a lone spec by position."""
    if len(tensors) == len(specs) == 1:
        (spec,) = specs.values()
        return [check(tensors[0], spec)]
    return [check(tensor, specs[tensor.name]) if tensor.name in specs else tensor for tensor in tensors]
